/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Drop reasons have names, and the ledger adds up what a worker counted.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "vnf_priv.h"

Test(counters, reasons_of_sdk_and_application)
{
	static const struct vnf_drop own[] = { { "too_old", "x" },
					       { "too_new", "y" },
					       { NULL, NULL } };
	struct drop_names names;

	cr_assert_eq(drop_names_init(&names, own), 0);
	cr_assert_eq(names.n, VNF_DROP_USER + 2);
	cr_assert_str_eq(names.name[VNF_DROP_TX_FULL], "tx_full");
	cr_assert_str_eq(names.name[VNF_DROP_APPLICATION], "application");
	cr_assert_str_eq(names.name[VNF_DROP_USER], "too_old");
	cr_assert_str_eq(names.name[VNF_DROP_USER + 1], "too_new");
	cr_assert_null(names.name[VNF_DROP_USER + 2]);
}

Test(counters, reasons_that_are_refused)
{
	static const struct vnf_drop blank[] = { { "", "x" }, { NULL, NULL } };
	static const struct vnf_drop odd[] = { { "a-b", "x" }, { NULL, NULL } };
	struct vnf_drop many[VNF_DROPS_MAX + 1] = { { NULL, NULL } };
	struct drop_names names;

	for (int i = 0; i < VNF_DROPS_MAX; i++)
		many[i] = (struct vnf_drop){ "x", "x" };
	cr_assert_eq(drop_names_init(&names, many), -E2BIG);
	cr_assert_eq(drop_names_init(&names, blank), -EINVAL);
	cr_assert_eq(drop_names_init(&names, odd), -EINVAL);
	many[VNF_DROPS_MAX - VNF_DROP_USER].name = NULL;
	cr_assert_eq(drop_names_init(&names, many), 0);
}

Test(counters, ledger_adds_up)
{
	struct vnf_worker_counters counters;
	struct vnf_ledger ledger;

	cr_assert_eq(counters_init(&counters, 3), 0);
	cr_assert_eq((uintptr_t)counters.port % RTE_CACHE_LINE_SIZE, 0);
	counters.port[0].rx_packets = 100;
	counters.port[2].rx_packets = 5;
	counters.created = 7;
	counters.handed_in = 3;
	counters.port[1].tx_packets = 60;
	counters.port[1].drops[VNF_DROP_TX_FULL] = 10;
	counters.port[2].drops[VNF_DROPS_MAX - 1] = 20;
	counters.handed_out = 21;
	counters.held = 4;
	counters_ledger(&counters, 3, &ledger);
	cr_assert_eq(ledger.rx, 105);
	cr_assert_eq(ledger.tx, 60);
	cr_assert_eq(ledger.drops, 30);
	cr_assert_eq(vnf_ledger_balance(&ledger), 0);

	counters.held = 3;
	counters_ledger(&counters, 3, &ledger);
	cr_assert_eq(vnf_ledger_balance(&ledger), 1, "a lost packet shows");
	counters.port[1].tx_packets += 3;
	counters_ledger(&counters, 3, &ledger);
	cr_assert_eq(vnf_ledger_balance(&ledger), -2, "packets counted twice show");
	counters_fini(&counters);
}
