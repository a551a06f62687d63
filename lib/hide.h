/*
 * hide.h - keep what a process holds to itself.
 */
#ifndef HIDE_H
#define HIDE_H

/* From here on no core dump, and no look by other processes of the same user
 * at this one's memory or environment.  What it executes starts without the
 * second.  Where the kernel has neither, nothing changes. */
void	hide_process(void);

#endif
