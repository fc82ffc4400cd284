/*
 * How the value of each kind of option is read.
 *
 * All are called alike: with the field of struct options, or the whole of it,
 * that is to be set, and the value; NULL is that of a flag on the command line.
 * They return NULL, or what is wrong with the value; the field may have changed
 * then.  Private to options.c, whose table names them.
 */
#ifndef ZKRUN_VALUES_H
#define ZKRUN_VALUES_H

const char	*values_set_duration(void *, const char *value);
const char	*values_set_positive_duration(void *, const char *value);
const char	*values_set_flag(void *, const char *value);
const char	*values_set_path(void *, const char *value);
const char	*values_set_acl(void *, const char *value);
const char	*values_set_auth_file(void *, const char *value);
const char	*values_set_tls_file(void *, const char *value);
const char	*values_set_base(void *, const char *value);
const char	*values_set_break(void *, const char *value);
const char	*values_set_check(void *, const char *value);
const char	*values_set_connect(void *, const char *value);
const char	*values_set_exit_code(void *, const char *value);
const char	*values_set_interval_counts(void *, const char *value);
const char	*values_set_leases(void *, const char *value);
const char	*values_set_max_retries(void *, const char *value);
const char	*values_set_nonblock(void *, const char *value);
const char	*values_set_notify(void *, const char *value);
const char	*values_set_on_loss(void *, const char *value);
const char	*values_set_orphans(void *, const char *value);
const char	*values_set_quiet(void *, const char *value);
const char	*values_set_revoke(void *, const char *value);
const char	*values_set_session_timeout(void *, const char *value);
const char	*values_set_signal(void *, const char *value);
const char	*values_set_status(void *, const char *value);
const char	*values_set_syslog(void *, const char *value);
const char	*values_set_task(void *, const char *value);
const char	*values_set_verbose(void *, const char *value);

#endif
