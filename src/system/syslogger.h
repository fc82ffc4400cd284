/*
 * Passes messages on to syslog(3), which may block for as long as the system's
 * logger is out of order.  So a separate process calls it.
 */
#ifndef ZKRUN_SYSLOGGER_H
#define ZKRUN_SYSLOGGER_H

/*
 * Starts the process, which is no child of this one and ends after the last
 * holder of the returned descriptor.  A datagram sent there, of one byte with
 * the priority and the text behind it, goes to the facility under the name
 * zkrun and this process's id.  The descriptor is close-on-exec; send with
 * MSG_DONTWAIT.  A message that the logger does not take within seconds is
 * dropped.  The task is for the title.  Returns -1 and
 * sets errno on failure.  Call it before this process becomes a subreaper.
 */
int	syslogger_start(int facility, const char *task);

#endif
