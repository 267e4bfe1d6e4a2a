#ifndef CLOSERFLOW_SHIMS_H
#define CLOSERFLOW_SHIMS_H
#include "sockets.h"
#include "curl_shims.h"
#include "phone_shims.h"
#include "text_shims.h"
#endif
