/*
 * Overrides nsswitch.conf(5) in a static zkrun.
 */
#include "system/nameservice.h"

#include <nss.h>

void
nameservice_restrict(void)
{
#ifdef ZKRUN_STATIC
	/*
	 * Ignore a failure for lack of memory: the first look-up will fail as
	 * well.
	 */
	(void)__nss_configure_lookup("passwd", "files");
	(void)__nss_configure_lookup("hosts", "files dns");
#endif
}
