/* filter.h: the list of calls, given to the kernel (seccomp, by libseccomp). */
#ifndef SP_CONTAIN_FILTER_H
#define SP_CONTAIN_FILTER_H

#include "contain/contain.h"

/* SP_UNAVAILABLE: this kernel filters no calls. */
enum sp_err filter_possible(struct fault *why) SP_MUST_USE;
/* *calls: how many calls are on the list. SP_IO. */
enum sp_err filter_install(const struct contain_options *options, uint32_t *calls,
                           struct fault *why) SP_MUST_USE;

#endif
