#define _GNU_SOURCE
#include "sockets.h"

#include <stddef.h>
#include <sys/socket.h>

int shim_accept_cloexec(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC); }
