/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The firewall's TCP: how connections begin and end, by RFC 9293, 7413 and 1337.
 */
#include "fw_tcp_support.h"

Test(fw_tcp, flags_that_contradict_each_other)
{
	for (unsigned int flags = 0; flags < 256; flags++) {
		unsigned int f = flags & (FIN | SYN | RST | ACK);
		bool valid = f == SYN || f == (SYN | ACK) || f == RST || f == (RST | ACK) ||
			     f == ACK || f == (FIN | ACK);

		cr_assert_eq(fw_tcp_flags_valid((uint8_t)flags), valid, "%x", flags);
	}
	cr_assert_eq(begin(SYN | FIN, C, 0, false), FW_TCP_FLAGS);
	established();
	cr_assert_eq(from(CLIENT, 0, C + 1, S + 1, 0), FW_TCP_FLAGS);
	cr_assert_eq(from(CLIENT, FIN, C + 1, S + 1, 0), FW_TCP_FLAGS);
	cr_assert_eq(from(CLIENT, SYN | RST, C + 1, S + 1, 0), FW_TCP_FLAGS);
	cr_assert_eq(from(CLIENT, FIN | RTE_TCP_PSH_FLAG | RTE_TCP_URG_FLAG, C + 1, S + 1, 0),
		     FW_TCP_FLAGS);
}

Test(fw_tcp, flags_that_make_no_difference)
{
	established();
	passes(CLIENT, ACK | RTE_TCP_PSH_FLAG, C + 1, S + 1, 10);
	passes(SERVER, ACK | RTE_TCP_URG_FLAG | RTE_TCP_ECE_FLAG | RTE_TCP_CWR_FLAG, S + 1, C + 11,
	       0);
	is_now(FW_TCP_ESTABLISHED);
}

Test(fw_tcp, only_a_syn_begins_a_connection)
{
	cr_assert_eq(begin(ACK, C, 10, true), FW_TCP_STATE);
	cr_assert_eq(begin(SYN | ACK, C, 0, true), FW_TCP_STATE);
	cr_assert_eq(begin(RST, C, 0, true), FW_TCP_STATE);
	cr_assert_eq(begin(FIN | ACK, C, 0, true), FW_TCP_STATE);
	cr_assert_eq(begin(SYN, C, 0, true), FW_TCP_PASS);
}

Test(fw_tcp, three_way_handshake)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, 10);
	passes(SERVER, ACK, S + 1, C + 11, 20);
	is_now(FW_TCP_ESTABLISHED);
}

Test(fw_tcp, the_ack_of_a_handshake_may_bear_data_or_fin)
{
	syn_received();
	passes(CLIENT, ACK, C + 1, S + 1, 100);
	is_now(FW_TCP_ESTABLISHED);
	syn_received();
	passes(CLIENT, FIN | ACK, C + 1, S + 1, 100);
	is_now(FW_TCP_FIN_WAIT);
	passes(SERVER, ACK, S + 1, C + 102, 0);
}

Test(fw_tcp, a_syn_ack_must_acknowledge_the_syn)
{
	syn_sent();
	not_in_window(SERVER, SYN | ACK, S, C, 0);
	not_in_window(SERVER, SYN | ACK, S, C + 2, 0);
	not_in_window(SERVER, SYN | ACK, S, 0, 0);
	not_in_state(CLIENT, SYN | ACK, C, S + 1, 0);
	is_now(FW_TCP_SYN_SENT);
	passes(SERVER, SYN | ACK, S, C + 1, 0);
}

Test(fw_tcp, the_ack_must_acknowledge_the_syn_ack)
{
	syn_received();
	not_in_window(CLIENT, ACK, C + 1, S, 0);
	not_in_window(CLIENT, ACK, C + 1, S + 2, 0);
	not_in_window(CLIENT, ACK, C + 1, S - 1000, 0);
	is_now(FW_TCP_SYN_RECEIVED);
	passes(CLIENT, ACK, C + 1, S + 1, 0);
}

Test(fw_tcp, nothing_but_syn_before_the_answer)
{
	syn_sent();
	not_in_state(CLIENT, ACK, C + 1, S + 1, 0);
	not_in_state(CLIENT, ACK, C + 1, 0, 100);
	not_in_state(SERVER, ACK, S + 1, C + 1, 100);
	not_in_state(SERVER, FIN | ACK, S + 1, C + 1, 0);
	is_now(FW_TCP_SYN_SENT);
}

Test(fw_tcp, syns_and_answers_once_more_prove_nothing)
{
	syn_sent();
	still(CLIENT, SYN, C, 0, 0);
	passes(SERVER, SYN | ACK, S, C + 1, 0);
	still(CLIENT, SYN, C, 0, 0);
	still(SERVER, SYN | ACK, S, C + 1, 0);
	is_now(FW_TCP_SYN_RECEIVED);
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	still(SERVER, SYN | ACK, S, C + 1, 0);
	still(CLIENT, SYN, C, 0, 0);
	passes(CLIENT, ACK, C + 1, S + 1, 10);
	is_now(FW_TCP_ESTABLISHED);
}

Test(fw_tcp, a_client_that_begins_anew_before_the_answer)
{
	syn_sent();
	passes(CLIENT, SYN, C + 77777, 0, 0);
	is_now(FW_TCP_SYN_SENT);
	not_in_window(SERVER, SYN | ACK, S, C + 1, 0);
	passes(SERVER, SYN | ACK, S, C + 77778, 0);
	not_in_window(CLIENT, ACK, C + 1, S + 1, 0);
	passes(CLIENT, ACK, C + 77778, S + 1, 0);
	is_now(FW_TCP_ESTABLISHED);
}

Test(fw_tcp, the_answer_with_another_number_by_a_server_with_cookies)
{
	scale = 7;
	syn_received();
	scale = FW_TCP_NO_SCALE;
	passes(SERVER, SYN | ACK, S + 55555, C + 1, 0);
	is_now(FW_TCP_SYN_RECEIVED);
	not_in_window(CLIENT, ACK, C + 1, S + 1, 0);
	passes(CLIENT, ACK, C + 1, S + 55556, 0);
	/* Nor are windows scaled now; the one of the SYN was rounded up when they seemed to be. */
	passes(SERVER, ACK, S + 55556, C + 1, WINDOW);
	not_in_window(SERVER, ACK, S + 55556 + WINDOW, C + 1, 128);
}

/* RFC 9293 figure 7. */
Test(fw_tcp, simultaneous_open)
{
	syn_sent();
	passes(SERVER, SYN, S, 0, 0);
	is_now(FW_TCP_SYN_BOTH);
	still(CLIENT, SYN, C, 0, 0);
	still(SERVER, SYN, S, 0, 0);
	not_in_state(CLIENT, ACK, C + 1, S + 1, 0);
	not_in_window(CLIENT, SYN | ACK, C, S, 0);
	passes(CLIENT, SYN | ACK, C, S + 1, 0);
	is_now(FW_TCP_SYN_RECEIVED);
	not_in_window(SERVER, SYN | ACK, S, C, 0);
	not_in_window(SERVER, SYN | ACK, S + 1, C + 1, 0);
	passes(SERVER, SYN | ACK, S, C + 1, 0);
	is_now(FW_TCP_ESTABLISHED);
	passes(SERVER, ACK, S + 1, C + 1, 10);
	passes(CLIENT, ACK, C + 1, S + 11, 10);
}

Test(fw_tcp, simultaneous_open_with_a_syn_that_was_lost)
{
	for (unsigned int side = 0; side < 2; side++) {
		uint32_t own = side == CLIENT ? C : S, other = side == CLIENT ? S : C;

		syn_sent();
		passes(SERVER, SYN, S, 0, 0);
		passes(side, SYN | ACK, own, other + 1, 0);
		still(side, SYN | ACK, own, other + 1, 0);
		passes(side ^ 1, ACK, other + 1, own + 1, 0);
		is_now(FW_TCP_ESTABLISHED);
		passes(side, ACK, own + 1, other + 1, 10);
	}
}

Test(fw_tcp, a_forged_syn_of_the_server_does_not_hinder_its_answer)
{
	syn_sent();
	passes(SERVER, SYN, 12345, 0, 0);
	passes(SERVER, SYN | ACK, S, C + 1, 0);
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	is_now(FW_TCP_ESTABLISHED);
	passes(SERVER, ACK, S + 1, C + 1, 10);
}

Test(fw_tcp, a_forged_syn_of_the_client_hinders_until_its_next)
{
	syn_sent();
	passes(CLIENT, SYN, 12345, 0, 0);
	not_in_window(SERVER, SYN | ACK, S, C + 1, 0);
	passes(CLIENT, SYN, C, 0, 0);
	passes(SERVER, SYN | ACK, S, C + 1, 0);
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	is_now(FW_TCP_ESTABLISHED);
}

/* RFC 7413. */
Test(fw_tcp, data_in_a_syn)
{
	cr_assert_eq(begin(SYN, C, 1400, true), FW_TCP_PASS);
	passes(SERVER, SYN | ACK, S, C + 1401, 0);
	passes(SERVER, ACK, S + 1, C + 1401, 500);
	passes(SERVER, FIN | ACK, S + 501, C + 1401, 100);
	is_now(FW_TCP_SYN_RECEIVED);
	passes(CLIENT, ACK, C + 1401, S + 602, 0);
	is_now(FW_TCP_FIN_WAIT);
	passes(CLIENT, FIN | ACK, C + 1401, S + 602, 0);
	passes(SERVER, ACK, S + 602, C + 1402, 0);
	is_now(FW_TCP_TIME_WAIT);
}

Test(fw_tcp, data_in_a_syn_that_are_not_taken)
{
	cr_assert_eq(begin(SYN, C, 1400, true), FW_TCP_PASS);
	not_in_window(SERVER, SYN | ACK, S, C + 1402, 0);
	window = 0;
	passes(SERVER, SYN | ACK, S, C + 1, 0);
	window = WINDOW;
	passes(CLIENT, ACK, C + 1, S + 1, 1400);
	is_now(FW_TCP_ESTABLISHED);
	passes(SERVER, ACK, S + 1, C + 1401, 0);
}

Test(fw_tcp, data_with_a_syn_ack)
{
	cr_assert_eq(begin(SYN, C, 100, true), FW_TCP_PASS);
	passes(SERVER, SYN | ACK, S, C + 101, 300);
	still(SERVER, SYN | ACK, S, C + 101, 300);
	not_in_window(CLIENT, ACK, C + 101, S, 0);
	passes(CLIENT, ACK, C + 101, S + 1, 0);
	passes(SERVER, ACK, S + 1, C + 101, 300);
	passes(CLIENT, ACK, C + 101, S + 301, 0);
}

Test(fw_tcp, one_side_closes_and_the_other_sends_on)
{
	for (unsigned int side = 0; side < 2; side++) {
		uint32_t own = side == CLIENT ? C : S, other = side == CLIENT ? S : C;

		established();
		passes(side, FIN | ACK, own + 1, other + 1, 50);
		is_now(FW_TCP_FIN_WAIT);
		passes(side, FIN | ACK, own + 1, other + 1, 50);
		passes(side ^ 1, ACK, other + 1, own + 52, 500);
		passes(side, ACK, own + 52, other + 501, 0);
		passes(side ^ 1, ACK, other + 501, own + 52, 500);
		is_now(FW_TCP_FIN_WAIT);
		passes(side ^ 1, FIN | ACK, other + 1001, own + 52, 0);
		is_now(FW_TCP_CLOSING);
		passes(side, ACK, own + 52, other + 1001, 0);
		is_now(FW_TCP_CLOSING);
		passes(side, ACK, own + 52, other + 1002, 0);
		is_now(FW_TCP_TIME_WAIT);
	}
}

Test(fw_tcp, simultaneous_close)
{
	established();
	passes(CLIENT, FIN | ACK, C + 1, S + 1, 0);
	passes(SERVER, FIN | ACK, S + 1, C + 1, 0);
	is_now(FW_TCP_CLOSING);
	passes(CLIENT, ACK, C + 2, S + 2, 0);
	is_now(FW_TCP_CLOSING);
	passes(SERVER, ACK, S + 2, C + 2, 0);
	is_now(FW_TCP_TIME_WAIT);
}

Test(fw_tcp, nothing_new_after_fin)
{
	established();
	passes(CLIENT, FIN | ACK, C + 1, S + 1, 50);
	not_in_window(CLIENT, ACK, C + 52, S + 1, 1);
	not_in_window(CLIENT, ACK, C + 1, S + 1, 52);
	not_in_window(CLIENT, FIN | ACK, C + 52, S + 1, 0);
	passes(CLIENT, ACK, C + 1, S + 1, 50);
	passes(CLIENT, ACK, C + 52, S + 1, 0);
}

Test(fw_tcp, a_fin_before_the_end_is_not_believed)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, 100);
	still(CLIENT, FIN | ACK, C + 1, S + 1, 50);
	is_now(FW_TCP_ESTABLISHED);
	passes(CLIENT, FIN | ACK, C + 101, S + 1, 0);
	still(CLIENT, FIN | ACK, C + 1, S + 1, 50);
	is_now(FW_TCP_FIN_WAIT);
}

Test(fw_tcp, fin_comes_before_data_that_it_overtook)
{
	established();
	passes(CLIENT, FIN | ACK, C + 101, S + 1, 0);
	passes(CLIENT, ACK, C + 1, S + 1, 100);
	passes(SERVER, ACK, S + 1, C + 102, 0);
	is_now(FW_TCP_FIN_WAIT);
}

Test(fw_tcp, in_time_wait_only_fin_gives_more_time)
{
	time_wait();
	still(CLIENT, ACK, C + 2, S + 2, 0);
	still(SERVER, ACK, S + 2, C + 2, 0);
	passes(SERVER, FIN | ACK, S + 1, C + 2, 0);
	not_in_window(SERVER, ACK, S + 2, C + 2, 1);
	is_now(FW_TCP_TIME_WAIT);
}

Test(fw_tcp, a_syn_beyond_the_last_in_time_wait_begins_anew)
{
	for (unsigned int side = 0; side < 2; side++) {
		uint32_t end = (side == CLIENT ? C : S) + 2;

		time_wait();
		still(side, SYN, end - 1, 0, 0);
		still(side, SYN, end - 100000, 0, 0);
		still(side, SYN, end - 0x7fffffff, 0, 0);
		anew(side, SYN, end, 0, 0);
		anew(side, SYN, end + 0x7fffffff, 0, 0);
		is_now(FW_TCP_TIME_WAIT);
	}
}

Test(fw_tcp, a_syn_after_a_reset_begins_anew)
{
	established();
	passes(SERVER, RST, S + 1, 0, 0);
	is_now(FW_TCP_RESET);
	anew(CLIENT, SYN, C, 0, 0);
	anew(SERVER, SYN, 5, 0, 0);
}

Test(fw_tcp, picked_up_only_if_allowed_and_by_an_ack)
{
	cr_assert_eq(begin(SYN | ACK, C, 0, false), FW_TCP_STATE);
	cr_assert_eq(begin(RST, C, 0, false), FW_TCP_STATE);
	cr_assert_eq(begin(RST | ACK, C, 0, false), FW_TCP_STATE);
	cr_assert_eq(begin(SYN, C, 0, false), FW_TCP_PASS);
	is_now(FW_TCP_SYN_SENT);
	cr_assert_not(fw_tcp_is_picked_up(&tcp));
	cr_assert_eq(begin(FIN | ACK, C, 0, false), FW_TCP_PASS);
	is_now(FW_TCP_FIN_WAIT);
	cr_assert_eq(begin(ACK, C, 0, false), FW_TCP_PASS);
	is_now(FW_TCP_ESTABLISHED);
	cr_assert(fw_tcp_is_picked_up(&tcp));
}

Test(fw_tcp, picked_up_in_the_middle_of_what_is_in_flight)
{
	/* It acknowledges S + 1, the server has sent much more. */
	cr_assert_eq(begin(ACK, C, 100, false), FW_TCP_PASS);
	passes(CLIENT, ACK, C - 5000, S + 1, 1000);
	passes(SERVER, ACK, S + 1, C - 3000, 1000);
	cr_assert_not(fw_tcp_is_picked_up(&tcp));
	/* It had what came after already. */
	passes(CLIENT, ACK, C + 100, S + 500000, 0);
	passes(SERVER, ACK, S + 500000, C + 100, 1000);
	passes(SERVER, ACK, S + 1, C + 100, 1000);
	passes(SERVER, FIN | ACK, S + 501000, C + 100, 0);
	passes(CLIENT, FIN | ACK, C + 100, S + 501001, 0);
	passes(SERVER, ACK, S + 501001, C + 101, 0);
	is_now(FW_TCP_TIME_WAIT);
}

Test(fw_tcp, picked_up_and_what_is_none_of_it)
{
	cr_assert_eq(begin(ACK, C, 100, false), FW_TCP_PASS);
	not_in_window(SERVER, ACK, S + 1 - 0x60000000U, C + 100, 10);
	not_in_window(SERVER, ACK, S + 1, C + 0x60000000U, 10);
	passes(SERVER, ACK, S + 1, C + 100, 10);
	not_in_window(CLIENT, ACK, C + 100, S + 0x10000000U, 0);
	not_in_window(CLIENT, ACK, C + 0x10000000U, S + 11, 10);
	still(SERVER, RST, S + 100, 0, 0);
	is_now(FW_TCP_ESTABLISHED);
	passes(SERVER, RST, S + 11, 0, 0);
	is_now(FW_TCP_RESET);
}

Test(fw_tcp, states_have_names)
{
	cr_assert_str_eq(fw_tcp_state_name(FW_TCP_SYN_SENT), "syn_sent");
	cr_assert_str_eq(fw_tcp_state_name(FW_TCP_TIME_WAIT), "time_wait");
	cr_assert_str_eq(fw_tcp_state_name(FW_TCP_RESET), "reset");
	cr_assert_str_eq(fw_tcp_state_name(FW_TCP_STATES), "unknown");
}
