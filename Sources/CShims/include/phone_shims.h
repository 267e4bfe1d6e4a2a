#ifndef CLOSERFLOW_PHONE_SHIMS_H
#define CLOSERFLOW_PHONE_SHIMS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// Room for "+", 17 digits (the library's longest) and the end.
#define CF_PHONE_BYTES 24

// Reads what somebody typed, UTF-8 of `length` bytes, in the region they are in (ISO 3166-1 alpha-2;
// "ZZ" for nowhere). 1 and the number in E.164 when a number of such a length can be had there.
int cf_phone_e164(const char *typed, size_t length, const char *region, char out[CF_PHONE_BYTES]);

// 1 when the library has a plan of numbers for the region.
int cf_phone_knows(const char *region);

#ifdef __cplusplus
}
#endif

#endif
