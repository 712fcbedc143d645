// web.yml and the files that it names, looked at before anything serves them. Called by `redstart check`; the collector
// reads them itself (export/web.h).
#pragma once

#include "collector/conf/complaint.h"

// 0, or -EINVAL with errors. What this user may not read is not judged: another one will. Whether certificate and key
// fit together is the TLS library's to say, when redstart starts.
int web_files_check(const char *path, struct complaint *complaint) must_check;
