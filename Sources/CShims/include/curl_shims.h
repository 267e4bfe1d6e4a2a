#ifndef CLOSERFLOW_CURL_SHIMS_H
#define CLOSERFLOW_CURL_SHIMS_H

#include <curl/curl.h>

// libcurl's setters are variadic, which Swift cannot call: one function for each argument type.
// Strings are copied by libcurl; lists, contexts and error buffers must outlive the transfer.

typedef size_t (*cf_curl_bytes_fn)(char *bytes, size_t size, size_t count, void *context);
typedef int (*cf_curl_trace_fn)(
    CURL *handle, curl_infotype kind, char *bytes, size_t count, void *context);
typedef int (*cf_curl_progress_fn)(
    void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up);

CURLcode cf_curl_set_long(CURL *handle, CURLoption option, long value);
CURLcode cf_curl_set_size(CURL *handle, CURLoption option, curl_off_t value);
CURLcode cf_curl_set_string(CURL *handle, CURLoption option, const char *value);
CURLcode cf_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value);
CURLcode cf_curl_set_error_buffer(CURL *handle, char *buffer);

CURLcode cf_curl_on_read(CURL *handle, cf_curl_bytes_fn function, void *context);
CURLcode cf_curl_on_write(CURL *handle, cf_curl_bytes_fn function, void *context);
CURLcode cf_curl_on_header(CURL *handle, cf_curl_bytes_fn function, void *context);
CURLcode cf_curl_on_trace(CURL *handle, cf_curl_trace_fn function, void *context);
CURLcode cf_curl_on_progress(CURL *handle, cf_curl_progress_fn function, void *context);

CURLcode cf_curl_get_size(CURL *handle, CURLINFO info, curl_off_t *value);
CURLcode cf_curl_get_long(CURL *handle, CURLINFO info, long *value);

#endif
