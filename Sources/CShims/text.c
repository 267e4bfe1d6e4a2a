#include "text_shims.h"

#include <string.h>

#include <idn2.h>
#include <uninorm.h>

int cf_host_in_ascii(const char *typed, size_t length, char out[CF_HOST_BYTES]) {
  char text[4 * CF_HOST_BYTES];
  if (length >= sizeof text || memchr(typed, 0, length)) return 0;
  memcpy(text, typed, length);
  text[length] = 0;
  char *host = NULL;
  if (idn2_to_ascii_8z(text, &host, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) return 0;
  size_t bytes = strlen(host);
  int fits = bytes < CF_HOST_BYTES;
  if (fits) memcpy(out, host, bytes + 1);
  idn2_free(host);
  return fits;
}

uint8_t *cf_decomposed(const uint8_t *text, size_t length, size_t *length_out) {
  return u8_normalize(UNINORM_NFKD, text, length, NULL, length_out);
}

uint8_t *cf_composed(const uint8_t *text, size_t length, size_t *length_out) {
  return u8_normalize(UNINORM_NFKC, text, length, NULL, length_out);
}
