/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Device arguments of the kind nic: a key given twice is one that DPDK ignores.
 */

#include <criterion/criterion.h>

#include <string.h>

#include "port_kinds.h"
#include "vnf_priv.h"

static const struct vnf_config_key *devargs_key(void)
{
	for (const struct vnf_config_key *key = vnf_port_kind_nic.keys; key->name != NULL; key++)
		if (strcmp(key->name, "devargs") == 0)
			return key;
	cr_assert_fail("no key devargs");
	return NULL;
}

Test(port_nic, a_devarg_given_twice)
{
	static const struct {
		const char *devargs;
		const char *twice; /* NULL: right */
	} cases[] = {
		{ "", NULL },
		{ "net_memif0", NULL },
		{ "net_memif0,role=client,id=1", NULL },
		{ "net_memif0,id=1,role=client,id=1", "id" },
		{ "net_virtio_user0,path=/x,queues=1,queues=2", "queues" },
		{ "net_virtio_user0,queue_size=1,queues=2", NULL },
		{ "net_x0,flag,flag", "flag" },
		{ "net_x0,list=[a=1,a=2],b=1", NULL },
		{ "net_x0,dev(a,b=1),b=1", NULL },
		{ "net_x0,", NULL },
		/* There it is a list. */
		{ "net_pcap0,rx_pcap=a,rx_pcap=b", NULL },
		{ "net_bonding0,member=a,member=b", NULL },
	};
	const struct vnf_config_key *key = devargs_key();

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		char why[WHY_MAX] = "", expected[WHY_MAX];
		int ret = key->check(&cases[i].devargs, why, sizeof(why));

		cr_expect_eq(ret < 0, cases[i].twice != NULL, "%s: %s", cases[i].devargs, why);
		if (cases[i].twice == NULL)
			continue;
		snprintf(expected, sizeof(expected),
			 "\"%s\" is given twice, which DPDK ignores; give it once", cases[i].twice);
		cr_expect_str_eq(why, expected);
	}
}
