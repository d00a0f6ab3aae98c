/* SPDX-License-Identifier: Apache-2.0 */
/* The redactor that the configuration asks for, with the data folder's key. */
#ifndef TV_DAEMON_REDACT_H
#define TV_DAEMON_REDACT_H

#include "daemon/config.h"
#include "event/redactor.h"

/* Makes the redactor. The key by which values are hashed lies in the folder as redact.key, made
 * (random, mode 0600) when it is not there yet: so equal values have equal hashes over restarts.
 * Owned by the caller (tv_redactor_free). */
TV_CHECKED enum tv_status tv_redact_load(
        const struct tv_config *config, struct tv_redactor **out, struct tv_error *err);

#endif
