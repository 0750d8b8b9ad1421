/*
 * Holds a pod's namespaces: sleeps until it is told to end, and as the first process of a shared process namespace
 * reaps what others left behind.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int signal_number) {
  (void)signal_number;
  _exit(0);
}

static void reap(int signal_number) {
  (void)signal_number;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
}

static int handle(int signal_number, void (*handler)(int), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = flags;
  return sigaction(signal_number, &action, NULL);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "-v") == 0) {
    puts("pause (sampan) 1");
    return 0;
  }
  /* A pod's first process has no other to wait for: signals are all it does. */
  if (handle(SIGINT, end, 0) != 0) return 1;
  if (handle(SIGTERM, end, 0) != 0) return 2;
  if (handle(SIGCHLD, reap, SA_NOCLDSTOP | SA_RESTART) != 0) return 3;
  for (;;) pause();
}
