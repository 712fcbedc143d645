// What every protocol parser answers. XREF(new-protocol): a parser lives in l7/<protocol>.c.
#pragma once

enum parse_status {
    PARSE_OK,   // whole, results are valid
    PARSE_MORE, // valid so far, the capture ends too early
    PARSE_SKIP, // valid, but nothing to report
    PARSE_BAD,  // not this protocol
};
