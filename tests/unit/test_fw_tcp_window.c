/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The firewall's TCP: what is in window, by the four bounds of van Rooij, octet by octet.
 */
#include "fw_tcp_support.h"

#define ACK_BELOW 66000

Test(fw_tcp_window, data_end_where_the_window_ends)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW);
	not_in_window(CLIENT, ACK, C + 1, S + 1, WINDOW + 1);
	not_in_window(CLIENT, ACK, C + 1 + WINDOW, S + 1, 1);
	passes(SERVER, ACK, S + 1, C + 1 + 400, 0);
	passes(CLIENT, ACK, C + 1 + WINDOW, S + 1, 400);
	not_in_window(CLIENT, ACK, C + 1 + WINDOW, S + 1, 401);
	not_in_window(CLIENT, ACK, C + 1, S + 1, UINT16_MAX);
}

Test(fw_tcp_window, segments_end_not_more_than_a_window_before_the_end)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW);
	passes(SERVER, ACK, S + 1, C + 1 + WINDOW, 0);
	passes(CLIENT, ACK, C + 1 + WINDOW, S + 1, WINDOW);
	/* Also an octet of a probe, FIN, and a keep-alive. */
	passes(CLIENT, ACK, C + 1 + WINDOW, S + 1, 100);
	passes(CLIENT, ACK, C + 1 + WINDOW - 3, S + 1, 0);
	not_in_window(CLIENT, ACK, C + 1 + WINDOW - 4, S + 1, 0);
	not_in_window(CLIENT, ACK, C + 1, S + 1, WINDOW - 4);
	not_in_window(CLIENT, FIN | ACK, C + 1, S + 1, 100);
}

Test(fw_tcp_window, old_segments_with_something_new)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW);
	passes(SERVER, ACK, S + 1, C + 1 + WINDOW, 0);
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW + WINDOW);
	not_in_window(CLIENT, ACK, C + 1, S + 1, WINDOW + WINDOW + 1);
}

Test(fw_tcp_window, nothing_is_acknowledged_before_it_was_sent)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, 100);
	passes(SERVER, ACK, S + 1, C + 101, 0);
	not_in_window(SERVER, ACK, S + 1, C + 102, 0);
	not_in_window(SERVER, ACK, S + 1, C + 102, 10);
	not_in_window(SERVER, FIN | ACK, S + 1, C + 102, 0);
}

Test(fw_tcp_window, acknowledgements_are_not_too_old)
{
	established();
	passes(SERVER, ACK, S + 1, C + 1 - ACK_BELOW, 0);
	not_in_window(SERVER, ACK, S + 1, C - ACK_BELOW, 0);
	not_in_window(SERVER, ACK, S + 1, 0x7fffffff, 10);
	/* RFC 5961: two windows, when they are more. */
	window = 50000;
	passes(SERVER, ACK, S + 1, C + 1, 0);
	passes(SERVER, ACK, S + 1, C + 1 - 100000, 0);
	not_in_window(SERVER, ACK, S + 1, C - 100000, 0);
}

Test(fw_tcp_window, an_old_acknowledgement_takes_nothing_back)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, 1000);
	passes(SERVER, ACK, S + 1, C + 1001, 0);
	window = 10;
	passes(SERVER, ACK, S + 1, C + 501, 0);
	window = WINDOW;
	passes(CLIENT, ACK, C + 1001, S + 1, 1000);
}

Test(fw_tcp_window, a_window_that_shrinks_may_have_been_used)
{
	established();
	window = 0;
	passes(SERVER, ACK, S + 1, C + 1, 0);
	window = WINDOW;
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW);
}

Test(fw_tcp_window, a_probe_of_a_window_that_is_shut)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW);
	window = 0;
	passes(SERVER, ACK, S + 1, C + 1 + WINDOW, 0);
	passes(CLIENT, ACK, C + 1 + WINDOW, S + 1, 1);
	passes(CLIENT, ACK, C + 1 + WINDOW, S + 1, 1);
	not_in_window(CLIENT, ACK, C + 1 + WINDOW, S + 1, 2);
	passes(SERVER, ACK, S + 1, C + 1 + WINDOW, 0);
	/* Or the one of before. */
	passes(CLIENT, ACK, C + WINDOW, S + 1, 0);
	/* What is not taken comes once more, when it is open. */
	window = WINDOW;
	passes(SERVER, ACK, S + 1, C + 1 + WINDOW, 0);
	passes(CLIENT, ACK, C + 1 + WINDOW, S + 1, WINDOW);
}

Test(fw_tcp_window, fin_may_be_one_beyond_the_window)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW);
	passes(CLIENT, FIN | ACK, C + 1 + WINDOW, S + 1, 0);
	is_now(FW_TCP_FIN_WAIT);
	passes(CLIENT, ACK, C + 2 + WINDOW, S + 1, 0);
	not_in_window(CLIENT, ACK, C + 4 + WINDOW, S + 1, 0);
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW);
	passes(SERVER, ACK, S + 1, C + 2 + WINDOW, 0);
}

Test(fw_tcp_window, what_comes_after_a_fin_that_was_lost)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW);
	passes(CLIENT, ACK, C + 2 + WINDOW, S + 1, 0);
	not_in_window(CLIENT, ACK, C + 3 + WINDOW, S + 1, 0);
}

Test(fw_tcp_window, keep_alives)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW);
	passes(SERVER, ACK, S + 1, C + 1 + WINDOW, 0);
	passes(CLIENT, ACK, C + WINDOW, S + 1, 0);
	passes(CLIENT, ACK, C + WINDOW, S + 1, 1);
	passes(SERVER, ACK, S, C + 1 + WINDOW, 0);
	passes(SERVER, ACK, S, C + 1 + WINDOW, 1);
}

Test(fw_tcp_window, windows_are_scaled_if_both_syns_say_so)
{
	scale = 4;
	syn_sent();
	scale = 2;
	passes(SERVER, SYN | ACK, S, C + 1, 0);
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	passes(SERVER, ACK, S + 1, C + 1, 0);
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW << 2);
	not_in_window(CLIENT, ACK, C + 1, S + 1, (WINDOW << 2) + 1);
	passes(SERVER, ACK, S + 1, C + 1, WINDOW << 4);
	not_in_window(SERVER, ACK, S + 1, C + 1, (WINDOW << 4) + 1);
}

Test(fw_tcp_window, windows_in_syns_are_not_scaled)
{
	scale = 4;
	syn_received();
	not_in_window(SERVER, ACK, S + 1, C + 1, WINDOW + 1);
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW);
	not_in_window(CLIENT, ACK, C + 1 + WINDOW, S + 1, 1);
	passes(SERVER, ACK, S + 1, C + 1, 0);
	passes(CLIENT, ACK, C + 1 + WINDOW, S + 1, 1);
}

Test(fw_tcp_window, windows_are_not_scaled_if_one_syn_does_not_say_so)
{
	for (unsigned int who = 0; who < 2; who++) {
		scale = who == CLIENT ? 4 : FW_TCP_NO_SCALE;
		syn_sent();
		scale = who == SERVER ? 4 : FW_TCP_NO_SCALE;
		passes(SERVER, SYN | ACK, S, C + 1, 0);
		passes(CLIENT, ACK, C + 1, S + 1, 0);
		passes(SERVER, ACK, S + 1, C + 1, 0);
		not_in_window(CLIENT, ACK, C + 1, S + 1, WINDOW + 1);
		not_in_window(SERVER, ACK, S + 1, C + 1, WINDOW + 1);
	}
}

Test(fw_tcp_window, an_option_of_0_counts)
{
	scale = 4;
	syn_sent();
	scale = 0;
	passes(SERVER, SYN | ACK, S, C + 1, 0);
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	passes(SERVER, ACK, S + 1, C + 1, WINDOW << 4);
}

Test(fw_tcp_window, no_window_is_scaled_by_more_than_14)
{
	scale = 200;
	window = UINT16_MAX;
	syn_received();
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	passes(SERVER, ACK, S + (UINT16_MAX << 14), C + 1, 1);
	not_in_window(SERVER, ACK, S + 1 + (UINT16_MAX << 14), C + 1, 1);
	is_now(FW_TCP_ESTABLISHED);
}

Test(fw_tcp_window, the_greatest_windows_both_ways)
{
	scale = 14;
	window = UINT16_MAX;
	established();
	for (uint32_t n = 1; n < 0xf0000000U; n += 0x30000000U) {
		passes(SERVER, ACK, S + n, C + n, 0);
		passes(CLIENT, ACK, C + n + 0x30000000U - 1, S + n, 1);
		passes(SERVER, ACK, S + n + 0x30000000U - 1, C + n, 1);
		passes(CLIENT, ACK, C + n, S + n, 1000);
		passes(CLIENT, ACK, C + n + 0x30000000U, S + n + 0x30000000U, 0);
		not_in_window(CLIENT, ACK, C + n + 0x80000000U, S + n, 1);
	}
}

Test(fw_tcp_window, simultaneous_open_with_scales)
{
	scale = 3;
	syn_sent();
	scale = 1;
	passes(SERVER, SYN, S, 0, 0);
	passes(SERVER, SYN | ACK, S, C + 1, 0);
	scale = 3;
	passes(CLIENT, SYN | ACK, C, S + 1, 0);
	passes(SERVER, ACK, S + 1, C + 1, 0);
	passes(CLIENT, ACK, C + 1, S + 1, WINDOW << 1);
	not_in_window(CLIENT, ACK, C + 1, S + 1, (WINDOW << 1) + 1);
	passes(SERVER, ACK, S + 1, C + 1, WINDOW << 3);
	not_in_window(SERVER, ACK, S + 1, C + 1, (WINDOW << 3) + 1);
}

Test(fw_tcp_window, a_long_way_in_both_directions)
{
	uint32_t c = C + 1, s = S + 1;

	established();
	for (unsigned int i = 0; i < 10000000; i++) {
		uint32_t n = i * 7919 % WINDOW;

		if (from(CLIENT, ACK, c, s, n) != FW_TCP_PASS)
			break;
		c += n;
		if (from(SERVER, ACK, s, c, WINDOW) != FW_TCP_PASS)
			break;
		s += WINDOW;
	}
	cr_assert_eq(s, S + 1 + 10000000U * WINDOW);
	is_now(FW_TCP_ESTABLISHED);
}
