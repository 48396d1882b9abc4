/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_METRICS_H
#define VNF_METRICS_H

/**
 * @file
 * Numbers of a program's own on its metrics page, the one that Prometheus reads (the key `metrics`
 * of the configuration).
 *
 * A table row is a family of numbers: its name, its help, and a function that puts its values on
 * the page, one for each set of labels:
 *
 *     static void sessions(struct vnf *vnf, const struct vnf_metric *metric,
 *                          struct vnf_metrics_page *page)
 *     {
 *             (void)metric;
 *             vnf_metrics_put(page, sessions_of(vnf, IPV4), "family", "ipv4", NULL);
 *             vnf_metrics_put(page, sessions_of(vnf, IPV6), "family", "ipv6", NULL);
 *     }
 *
 *     static const struct vnf_metric metrics[] = {
 *             { .name = "nat_sessions", .help = "Sessions that stand.", .collect = sessions },
 *             { .name = NULL },
 *     };
 *
 * gives `vnf_nat_sessions{vnf="nat1",family="ipv4"} 12`, and so on.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vnf;

/** A page that is being written. Opaque; see vnf_metrics_put(). */
struct vnf_metrics_page;

/** A family of numbers. End a table with an entry without a name. */
struct vnf_metric {
	const char *name; /**< Lower-case letters, digits and `_`, without the `vnf_` in front and
			   *   the `_total` behind that the page adds. A unit is its last word:
			   *   `_bytes`, `_seconds`.
			   */
	const char *help; /**< One line, for people; required. */
	bool counter;     /**< It only grows while the program runs; else it goes up and down. */
	bool nanoseconds; /**< Values are nanoseconds, and shown as the seconds of the name. */
	uint32_t tag;     /**< For `collect`, where several rows share one. */
	/**
	 * Put the values on the page. Reads only, and waits for nobody: packets, commands and a
	 * stop go on meanwhile. Context: a thread of its own, between init and fini.
	 */
	void (*collect)(struct vnf *vnf, const struct vnf_metric *metric,
			struct vnf_metrics_page *page);
};

/**
 * Put a value on the page: `vnf_metrics_put(page, n, "port", name, NULL)`.
 *
 * @param page
 *   As given to the collect function.
 * @param value
 *   The value; nanoseconds where the row says so.
 * @param ...
 *   Labels, each a name (lower-case letters, digits and `_`) and a value (any text: what has to
 *   be is escaped), both const char *; then NULL. No two values of a family have the same labels.
 *
 * Context: collect functions.
 */
void vnf_metrics_put(struct vnf_metrics_page *page, int64_t value, ...) __attribute__((sentinel));

#ifdef __cplusplus
}
#endif

#endif
