/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Mappings and hosts of a slot, against a plain list of what there is.
 */
#include <criterion/criterion.h>

#include <string.h>

#include <rte_common.h>

#include "eal_support.h"
#include "vnf_priv.h"
#include "table.h"

#define SLOTS 4
#define MAPPINGS 100
#define HOSTS 20
#define SESSIONS 200

static struct nat_table *table;
static struct nat_slot *slot;

static void make(void)
{
	eal_support_start();
	random_fix(1);
	cr_assert_eq(nat_table_create(SLOTS, MAPPINGS, HOSTS, SESSIONS, &table), 0);
	slot = &table->slot[1];
}

static void release(void)
{
	nat_table_destroy(table);
	eal_support_stop();
}

TestSuite(nat_table, .init = make, .fini = release);

static uint32_t mapping_add(enum nat_proto proto, rte_be32_t inside, rte_be16_t port)
{
	uint32_t number = nat_mapping_new(table, slot);
	struct nat_mapping *m;

	if (number == 0)
		return 0;
	m = nat_mapping_at(slot, number);
	m->proto = (uint8_t)proto;
	m->inside = inside;
	m->inside_port = port;
	nat_mapping_add(table, slot, number);
	return number;
}

Test(nat_table, a_mapping_is_of_its_endpoint_and_protocol)
{
	uint32_t a = mapping_add(NAT_UDP, 1, 2), b = mapping_add(NAT_TCP, 1, 2);

	cr_assert_neq(a, b);
	cr_assert_eq(nat_mapping_find(table, slot, NAT_UDP, 1, 2), a);
	cr_assert_eq(nat_mapping_find(table, slot, NAT_TCP, 1, 2), b);
	cr_assert_eq(nat_mapping_find(table, slot, NAT_ICMP, 1, 2), 0);
	cr_assert_eq(nat_mapping_find(table, slot, NAT_UDP, 2, 2), 0);
	cr_assert_eq(nat_mapping_find(table, slot, NAT_UDP, 1, 3), 0);
	cr_assert_eq(nat_mapping_find(table, &table->slot[0], NAT_UDP, 1, 2), 0);
	nat_mapping_free(table, slot, a, true);
	cr_assert_eq(nat_mapping_find(table, slot, NAT_UDP, 1, 2), 0);
	cr_assert_eq(nat_mapping_find(table, slot, NAT_TCP, 1, 2), b);
}

Test(nat_table, mappings_come_and_go)
{
	uint32_t number[2 * MAPPINGS] = { 0 }, n = 0;
	struct vnf_random random;

	vnf_random_init(&random, 1);
	for (int step = 0; step < 20000; step++) {
		uint32_t i = vnf_random_below(&random, RTE_DIM(number));
		rte_be32_t inside = i / 4;
		rte_be16_t port = (rte_be16_t)(i % 4);

		cr_assert_eq(nat_mapping_find(table, slot, NAT_UDP, inside, port), number[i]);
		if (number[i] != 0) {
			nat_mapping_free(table, slot, number[i], true);
			number[i] = 0;
			n--;
		} else {
			number[i] = mapping_add(NAT_UDP, inside, port);
			cr_assert_eq(number[i] != 0, n < MAPPINGS);
			n += number[i] != 0;
		}
		cr_assert_eq(slot->n_mappings, n);
	}
}

Test(nat_table, hosts_come_and_go)
{
	uint32_t number[2 * HOSTS] = { 0 }, n = 0;
	struct vnf_random random;

	vnf_random_init(&random, 2);
	for (int step = 0; step < 20000; step++) {
		uint32_t i = vnf_random_below(&random, RTE_DIM(number));

		cr_assert_eq(nat_host_find(table, slot, 1000 + i), number[i]);
		if (number[i] != 0) {
			cr_assert_eq(nat_host_at(slot, number[i])->n_ports[NAT_TCP], i);
			nat_host_free(table, slot, number[i]);
			number[i] = 0;
			n--;
		} else {
			number[i] = nat_host_add(table, slot, 1000 + i);
			cr_assert_eq(number[i] != 0, n < HOSTS);
			n += number[i] != 0;
			if (number[i] != 0)
				nat_host_at(slot, number[i])->n_ports[NAT_TCP] = i;
		}
		cr_assert_eq(slot->n_hosts, n);
	}
}

/* A mapping that got no port was never in a chain. */
Test(nat_table, what_was_not_added_is_given_back)
{
	for (int i = 0; i < 3 * MAPPINGS; i++) {
		uint32_t number = nat_mapping_new(table, slot);

		cr_assert_neq(number, 0);
		nat_mapping_free(table, slot, number, false);
	}
	cr_assert_eq(slot->n_mappings, 0);
}

Test(nat_table, words_of_ports)
{
	for (uint32_t s = 0; s < SLOTS; s++)
		for (uint32_t number = 1; number <= MAPPINGS; number++) {
			uint32_t whose = nat_whose_make(table, s, number);

			cr_assert_neq(whose, 0);
			cr_assert_eq(whose & NAT_PORT_RESTS, 0);
			cr_assert_eq(nat_whose_slot(table, whose), s);
			cr_assert_eq(nat_whose_number(table, whose), number);
		}
}

/* With all that goes with it, a mapping has 44 octets, and the head of a session 4. */
Test(nat_table, sizes)
{
	uint64_t none = nat_table_bytes(1, 0, 0, 0);

	cr_assert_leq(nat_table_bytes(1, 1 << 20, 0, 0) - none, (1 << 20) * UINT64_C(44));
	cr_assert_leq(nat_table_bytes(1, 0, 0, 1 << 20) - none, (1 << 20) * UINT64_C(4));
}
