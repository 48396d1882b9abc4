/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The policy: what the configuration says, made into what workers ask (vnf_worker.built). Built by
 * the control thread at start and at each reload, read by workers, never changed.
 */
#ifndef FW_POLICY_H
#define FW_POLICY_H

#include <vnf/acl.h>
#include <vnf/config.h>
#include <vnf/vnf.h>

/* Zones 0 to 61 are the configuration's. */
#define FW_ZONES_MAX 62
#define FW_ZONE_NAME_MAX 31
#define FW_RULE_NAME_MAX 31
#define FW_LABELS 8     /* policies whose rules are known by their names */
#define FW_ZONE_SELF 62 /* the firewall's own addresses */
#define FW_ZONE_NONE UINT8_MAX
#define FW_ZONE_GONE (UINT8_MAX - 1) /* of an interface that is not there any more */
#define FW_WIRES_MAX 16
#define FW_WIRE_NONE UINT8_MAX
#define FW_PORTS_MAX 256
#define FW_INTERFACES_MAX 1024
#define FW_ETHER_TYPES_MAX 64

enum fw_mode { FW_TRANSPARENT, FW_ROUTED };
enum fw_action { FW_ACCEPT, FW_DROP, FW_REJECT };
enum fw_log { FW_LOG_OFF, FW_LOG_RULES, FW_LOG_ALL };
enum fw_reverse_path { FW_REVERSE_OFF, FW_REVERSE_LOOSE, FW_REVERSE_STRICT };

/* Periods of sessions: classes of the tables, in this order. NEW: not answered; ONCE: answered, and
 * nothing since then.
 */
enum fw_class {
	FW_CLASS_TCP_OPENING,
	FW_CLASS_TCP_ESTABLISHED,
	FW_CLASS_TCP_CLOSING,
	FW_CLASS_TCP_TIME_WAIT,
	FW_CLASS_TCP_RESET,
	FW_CLASS_UDP_NEW,
	FW_CLASS_UDP_ONCE,
	FW_CLASS_UDP,
	FW_CLASS_ICMP_NEW,
	FW_CLASS_ICMP_ONCE,
	FW_CLASS_ICMP,
	FW_CLASS_ASSOCIATION_NEW,
	FW_CLASS_ASSOCIATION_ONCE,
	FW_CLASS_ASSOCIATION,
	FW_CLASS_OTHER_NEW,
	FW_CLASS_OTHER_ONCE,
	FW_CLASS_OTHER,
	FW_CLASSES,
};

/* What becomes of what a rule matches; the last one is the default. */
struct fw_rule {
	uint8_t action;  /* enum fw_action */
	bool names_icmp; /* it has types of ICMP among its conditions */
	bool log;
	uint64_t rate; /* new sessions a second; 0: no limit */
	uint64_t id;   /* by which its sources are counted; not 0; goes on if it has a name */
	uint32_t source_sessions;  /* of a source at a time; 0: no limit */
	uint32_t source_rate;      /* new ones of a source in a period; 0: no limit */
	uint64_t source_period_ns; /* that period */
	uint64_t full_ns;          /* atomic: when its bucket of tokens will be full again */
	const char *name;          /* "" if it has none; of the default "default" */
	char *place;               /* such as "fw.conf:12" */
};

/* Names of the rules of a policy, and of its default; "": it has none. Shared by this policy and
 * those after it (policy_label.c).
 */
struct fw_labels {
	uint32_t users; /* policies that have it */
	uint32_t policy;
	uint32_t n;
	char name[][FW_RULE_NAME_MAX + 1];
};

struct fw_policy {
	uint32_t number;      /* counts those that were built, from 1 */
	uint32_t before;      /* number of the one that was in force then; 0: none was */
	uint8_t mode;         /* enum fw_mode */
	uint8_t reverse_path; /* enum fw_reverse_path */
	bool strict;
	bool checksums;
	uint32_t reject_rate;      /* a second; 0: none */
	uint64_t half_open;        /* half-open sessions at a time; 0: no limit */
	uint32_t half_open_source; /* of a source */
	uint32_t ipv6_prefix;      /* bits of an address that make a source of IPv6 */
	uint8_t log_sessions;      /* enum fw_log */
	uint8_t log_drops;         /* likewise */
	uint32_t n_rules;          /* without the default, whose number this is */
	struct fw_rule *rule;      /* n_rules + 1 */
	struct vnf_acl *acl;
	struct vnf_acl_tally *tally;        /* of the rules, and of the default */
	uint8_t zone_of[FW_INTERFACES_MAX]; /* by port (transparent) or interface (routed) */
	uint8_t wire_of[FW_PORTS_MAX];      /* transparent: by port */
	uint16_t other_end[FW_PORTS_MAX];   /* transparent: where it leaves */
	uint32_t n_ether_types;
	rte_be16_t ether_type[FW_ETHER_TYPES_MAX];
	uint64_t period_ns[FW_CLASSES];
	char zone_name[FW_ZONES_MAX][FW_ZONE_NAME_MAX + 1]; /* "": there is none of this number */
	struct fw_labels *labels[FW_LABELS]; /* its own, and those of policies before it, or NULL */
	/* Also of zones that policies before had, as sessions know zones by number and may be
	 * older: what a policy that comes after numbers its zones by.
	 */
	char zone_known[FW_ZONES_MAX][FW_ZONE_NAME_MAX + 1];
	/* Ports or interfaces of zones, by number; belong to the configuration. */
	const char *member[FW_INTERFACES_MAX];
	/* By numbers of the policy before: zones that ports and interfaces were in, and are in. */
	uint8_t zone_was[FW_INTERFACES_MAX];
	uint8_t zone_after[FW_INTERFACES_MAX];
};

/* What the keys fill. */
struct fw_config;

extern const struct vnf_config_key fw_keys[];
extern const size_t fw_config_size;

/* As of struct vnf_app: check, build (with the counters of vnf_state()), discard. */
void fw_policy_check(struct vnf_config *file, void *config);
int fw_policy_build(struct vnf *vnf, struct vnf_config *file, const void *config, void **built);
void fw_policy_discard(struct vnf *vnf, void *built);
/* Counters of rules over all policies; the program's (state.c). */
struct vnf_acl_counters *fw_counters(const struct vnf *vnf);
/* Number of a new policy (state.c). */
uint32_t fw_policy_number(struct vnf *vnf);
/* Labels of a policy that has its rules, and of those before it; `before`: the one in force, or
 * NULL. 0 or -ENOMEM.
 */
int fw_labels_make(struct fw_policy *policy, const struct fw_policy *before);
void fw_labels_put(struct fw_policy *policy);
/* Of rule `rule` of the policy of that number; NULL: it is not known any more. */
const char *fw_label(const struct fw_policy *policy, uint32_t number, uint32_t rule);
/* Of the configuration: what other files need of it. */
enum fw_mode fw_config_mode(const void *config);
uint64_t fw_config_sessions(const void *config);
/* Periods by class, in nanoseconds. */
void fw_config_periods(const void *config, uint64_t period_ns[FW_CLASSES]);
/* Makes the policy's periods those of the tables of sessions: for who takes it over. */
void fw_policy_apply_periods(struct vnf_sessions *const *tables, const struct fw_policy *policy);
/* Such as "lan", "self"; "-" of FW_ZONE_NONE. */
const char *fw_zone_name(const struct fw_policy *policy, uint8_t zone);

#endif
