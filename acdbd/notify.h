/*
 * notify.h - telling the service manager (sd_notify(3), without its
 * library).  Does nothing where there is none.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

/* "READY=1", "STOPPING=1", "STATUS=..." */
void	notify_send(const char *state);

/* "RELOADING=1" with the time that goes with it; READY=1 ends it. */
void	notify_reloading(void);

#endif
