// See sampler.h.
#include "collector/span/sampler.h"

bool sampler_pass(const struct sampler *sampler, const struct span *span)
{
    if (sampler->follow_parent && span->sampling_decided)
        return span->sampled;
    if (sampler->ratio >= 1)
        return true;
    uint64_t low = 0;
    for (unsigned i = 8; i < 16; i++)
        low = low << 8 | span->trace_id[i];
    return (double)(low >> 1) < sampler->ratio * 0x1p63;
}
