#ifndef CLOSERFLOW_TEXT_SHIMS_H
#define CLOSERFLOW_TEXT_SHIMS_H

#include <stddef.h>
#include <stdint.h>

// A host name in ASCII has at most 253 bytes (RFC 1035), and the end.
#define CF_HOST_BYTES 256

// Writes a host name of `length` bytes of UTF-8 in ASCII, by UTS #46 without the exceptions of old:
// 1, or 0 where it is none.
int cf_host_in_ascii(const char *typed, size_t length, char out[CF_HOST_BYTES]);

// UTF-8 in a normal form of Unicode; free() what comes back. Null when there is no memory.
uint8_t *cf_decomposed(const uint8_t *text, size_t length, size_t *length_out);  // NFKD
uint8_t *cf_composed(const uint8_t *text, size_t length, size_t *length_out);    // NFKC

#endif
