/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * For tests of the NAT's configuration: a file with the NAT's keys and the group `ip`, checked and
 * built without a program. What the program has is a stand-in here: the external ports of addresses
 * are counted, and an interface has an address by DHCP when the test says so.
 */
#ifndef NAT_POLICY_SUPPORT_H
#define NAT_POLICY_SUPPORT_H

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "ip_node.h"
#include "policy.h"
#include "vnf_priv.h"

/* Interfaces: 0 lan, 1 wan (of two addresses), 2 dsl (by DHCP), 3 spare. */
#define NAT_DSL 2
#define NAT_IP                                                                                     \
	"ip = { interfaces = ( { port = \"lan\"; addresses = [ \"10.0.0.1/24\" ]; }, "             \
	"{ port = \"wan\"; addresses = [ \"2001:db8::1/64\", \"198.51.100.2/24\", "                \
	"\"198.51.100.3/24\" ]; }, { name = \"dsl\"; port = \"wan\"; vlan = 7; dhcp = true; }, "   \
	"{ port = \"spare\"; } ); };\n"
#define NAT_SIDES "inside = [ \"lan\" ]; outside = [ \"wan\", \"dsl\" ];\n"
/* What follows these begins with line 3, or 4. */
#define NAT_BARE NAT_IP NAT_SIDES
#define NAT_POOL "pools = ( { name = \"public\"; addresses = [ \"192.0.2.0/28\" ]; } );\n"
#define NAT_BASE NAT_BARE NAT_POOL

static const struct vnf_config_section nat_sections[] = {
	{ "NAT", nat_keys, sizeof(struct nat_config) },
	{ "IP", ip_keys, sizeof(struct ip_section) },
};
static struct vnf_config *nat_file;
static char nat_text[16384];

/* ---- what the program has ---- */

/* External ports: how many addresses have some, and what they were got for. */
static struct nat_space nat_space[NAT_SPACES_MAX + 1];
static uint32_t nat_spaces_got, nat_spaces_refused_from = UINT32_MAX, nat_policies;
static const char *nat_lease; /* of dsl; NULL: none */

struct nat_spaces *nat_spaces_of(struct vnf *vnf)
{
	return (struct nat_spaces *)vnf;
}

struct nat_space *nat_space_get(struct nat_spaces *spaces, rte_be32_t addr)
{
	uint32_t i = 0;

	cr_assert_not_null(spaces);
	while (nat_space[i].users > 0 && nat_space[i].addr != addr)
		i++;
	if (nat_spaces_got >= nat_spaces_refused_from || i == NAT_SPACES_MAX)
		return NULL;
	nat_spaces_got++;
	nat_space[i].addr = addr;
	nat_space[i].users++;
	return &nat_space[i];
}

void nat_space_put(struct nat_spaces *spaces, struct nat_space *space)
{
	cr_assert_not_null(spaces);
	cr_assert_gt(space->users, 0);
	space->users--;
	nat_spaces_got--;
}

uint32_t nat_policy_number(struct vnf *vnf)
{
	cr_assert_not_null(vnf);
	return ++nat_policies;
}

int __real_vnf_ip_planned_address(struct vnf *vnf, struct vnf_config *file, uint16_t number,
				  uint32_t i, rte_be32_t *address);
int __wrap_vnf_ip_planned_address(struct vnf *vnf, struct vnf_config *file, uint16_t number,
				  uint32_t i, rte_be32_t *address);

/* Configured ones, then the lease, which a file that is only checked has not got. */
int __wrap_vnf_ip_planned_address(struct vnf *vnf, struct vnf_config *file, uint16_t number,
				  uint32_t i, rte_be32_t *address)
{
	if (number != NAT_DSL)
		return __real_vnf_ip_planned_address(vnf, file, number, i, address);
	if (vnf == NULL || nat_lease == NULL || i > 0)
		return -ENOENT;
	*address = inet_addr(nat_lease);
	return 0;
}

bool __wrap_vnf_ip_planned_broadcast(struct vnf *vnf, struct vnf_config *file, rte_be32_t address);

/* Of wan's subnet. */
bool __wrap_vnf_ip_planned_broadcast(struct vnf *vnf, struct vnf_config *file, rte_be32_t address)
{
	cr_assert_not_null(vnf);
	cr_assert_not_null(file);
	return address == RTE_BE32(0xc6336400) || address == RTE_BE32(0xc63364ff);
}

static inline struct vnf *nat_vnf(void)
{
	static char program;

	return (struct vnf *)(void *)&program;
}

/* ---- files ---- */

static inline const char *nat_errors(void)
{
	FILE *f = fmemopen(nat_text, sizeof(nat_text), "w");

	cr_assert_not_null(f);
	memset(nat_text, 0, sizeof(nat_text));
	vnf_config_print_errors(nat_file, f);
	fclose(f);
	return nat_text;
}

/* Reads and checks it as t.conf. True if it is good. */
static inline bool nat_check(const char *text)
{
	char dir[] = "/tmp/nat_policy.XXXXXX";
	FILE *f;

	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
	f = fopen("t.conf", "w");
	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
	vnf_config_destroy(nat_file);
	if (vnf_config_load("t.conf", nat_sections, RTE_DIM(nat_sections), &nat_file) == 0)
		nat_policy_check(nat_file, vnf_config_data(nat_file, 0));
	unlink("t.conf");
	cr_assert_eq(chdir("/"), 0);
	rmdir(dir);
	return vnf_config_error_count(nat_file) == 0;
}

/* What is logged in between is in nat_text afterwards. */
static FILE *nat_sink;
static int nat_stderr;

static inline void nat_log_begin(void)
{
	log_init("t", VNF_LOG_WARNING);
	nat_sink = tmpfile();
	cr_assert_not_null(nat_sink);
	nat_stderr = dup(STDERR_FILENO);
	cr_assert_geq(dup2(fileno(nat_sink), STDERR_FILENO), 0);
}

static inline void nat_log_end(void)
{
	size_t n;

	cr_assert_geq(dup2(nat_stderr, STDERR_FILENO), 0);
	close(nat_stderr);
	rewind(nat_sink);
	n = fread(nat_text, 1, sizeof(nat_text) - 1, nat_sink);
	nat_text[n] = '\0';
	fclose(nat_sink);
}

#endif
