#ifndef CLOSERFLOW_SOCKETS_H
#define CLOSERFLOW_SOCKETS_H

/* Swift's Glibc module leaves these two out. _GNU_SOURCE must not stand here: Swift would see two
   definitions of fd_set. */
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* accept4 with SOCK_CLOEXEC: a blocking descriptor no child process inherits, or -1 and errno. */
int shim_accept_cloexec(int listener);

#endif
