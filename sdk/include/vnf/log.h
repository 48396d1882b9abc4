/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_LOG_H
#define VNF_LOG_H

/**
 * @file
 * Log lines on standard error: `NAME: level: text`. Never called per packet.
 *
 * What an outsider can trigger (a peer that connects, a guest's message) goes through a
 * struct vnf_log_limit.
 */

#include <stdarg.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Severity; the numbers are syslog's. */
enum vnf_log_level {
	VNF_LOG_ERROR = 3,
	VNF_LOG_WARNING = 4,
	VNF_LOG_NOTICE = 5,
	VNF_LOG_INFO = 6,
	VNF_LOG_DEBUG = 7,
};

/**
 * Token bucket for lines that an outsider can trigger. Zero-initialised means a full bucket.
 * Used by one thread at a time.
 */
struct vnf_log_limit {
	uint64_t refill_ns;  /**< Time of the last refill, CLOCK_MONOTONIC. */
	uint32_t used;       /**< Tokens spent since. */
	uint32_t suppressed; /**< Lines not printed since the last one that was. */
};

/** Lines of one limit that may come at once. */
#define VNF_LOG_BURST 10
/** Lines a second of one limit in the long run. */
#define VNF_LOG_RATE 2

/**
 * Write a line.
 *
 * @param level
 *   Severity; lines above the instance's level are not written.
 * @param format
 *   Text as for printf(), without a newline.
 *
 * Context: any thread but a worker.
 */
void vnf_log(enum vnf_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * Write a line unless its bucket is empty; the next one written says how many were not.
 *
 * @param limit
 *   The bucket.
 * @param level
 *   Severity.
 * @param format
 *   Text as for printf(), without a newline.
 *
 * Context: any thread but a worker; one thread at a time per bucket.
 */
void vnf_log_limited(struct vnf_log_limit *limit, enum vnf_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** vnf_log() at VNF_LOG_ERROR. */
#define vnf_error(...) vnf_log(VNF_LOG_ERROR, __VA_ARGS__)
/** vnf_log() at VNF_LOG_WARNING. */
#define vnf_warning(...) vnf_log(VNF_LOG_WARNING, __VA_ARGS__)
/** vnf_log() at VNF_LOG_NOTICE. */
#define vnf_notice(...) vnf_log(VNF_LOG_NOTICE, __VA_ARGS__)
/** vnf_log() at VNF_LOG_INFO. */
#define vnf_info(...) vnf_log(VNF_LOG_INFO, __VA_ARGS__)
/** vnf_log() at VNF_LOG_DEBUG. */
#define vnf_debug(...) vnf_log(VNF_LOG_DEBUG, __VA_ARGS__)

#ifdef __cplusplus
}
#endif

#endif
