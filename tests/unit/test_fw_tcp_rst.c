/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The firewall's TCP: RSTs and SYNs to connections that stand (RFC 5961), hosts that have lost
 * their memory (RFC 9293 section 3.5.1), TIME_WAIT (RFC 1337), and what ICMP may quote (RFC 5927).
 */
#include "fw_tcp_support.h"

Test(fw_tcp_rst, the_next_number_resets)
{
	established();
	passes(SERVER, RST, S + 1, 0, 0);
	is_now(FW_TCP_RESET);
	established();
	passes(CLIENT, RST | ACK, C + 1, S + 1, 0);
	is_now(FW_TCP_RESET);
}

Test(fw_tcp_rst, a_number_in_window_is_left_to_the_host)
{
	established();
	still(SERVER, RST, S + 2, 0, 0);
	still(SERVER, RST, S + 1 + WINDOW, 0, 0);
	is_now(FW_TCP_ESTABLISHED);
	passes(SERVER, ACK, S + 1, C + 1, 100);
	is_now(FW_TCP_ESTABLISHED);
}

Test(fw_tcp_rst, a_number_out_of_window_is_dropped)
{
	established();
	not_in_window(SERVER, RST, S, 0, 0);
	not_in_window(SERVER, RST, S + 2 + WINDOW, 0, 0);
	not_in_window(SERVER, RST | ACK, 0x7fffffff, C + 1, 0);
	passes(SERVER, ACK, S + 1, C + 1, 500);
	passes(CLIENT, ACK, C + 1, S + 501, 0);
	not_in_window(SERVER, RST, S + 1, 0, 0);
	not_in_window(SERVER, RST, S + 500, 0, 0);
	is_now(FW_TCP_ESTABLISHED);
}

Test(fw_tcp_rst, an_old_acknowledgement_takes_nothing_back)
{
	established();
	passes(SERVER, ACK, S + 1, C + 1, 500);
	passes(CLIENT, ACK, C + 1, S + 501, 0);
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	not_in_window(SERVER, RST, S + 1, 0, 0);
	passes(SERVER, RST, S + 501, 0, 0);
}

/* RFC 5961 section 3.2: after data that were lost, the host asks, and gets the right number. */
Test(fw_tcp_rst, behind_what_is_in_flight)
{
	established();
	passes(SERVER, ACK, S + 1, C + 1, 500);
	passes(SERVER, RST, S + 501, 0, 0);
	is_now(FW_TCP_RESET);
	still(CLIENT, ACK, C + 1, S + 1, 0);
	still(SERVER, RST, S + 1, 0, 0);
	is_now(FW_TCP_RESET);
}

Test(fw_tcp_rst, an_ack_challenges_and_the_answer_resets)
{
	established();
	passes(SERVER, ACK, S + 1, C + 1, 500);
	still(SERVER, RST, S + 200, 0, 0);
	is_now(FW_TCP_ESTABLISHED);
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	passes(SERVER, RST, S + 1, 0, 0);
	is_now(FW_TCP_RESET);
}

/* RFC 9293 section 3.10.7.4 does not look at it, and some hosts leave something there. */
Test(fw_tcp_rst, its_acknowledgement_does_not_count)
{
	established();
	passes(SERVER, RST | ACK, S + 1, 0x12345678, 0);
	is_now(FW_TCP_RESET);
}

Test(fw_tcp_rst, while_it_closes)
{
	established();
	passes(CLIENT, FIN | ACK, C + 1, S + 1, 0);
	passes(SERVER, ACK, S + 1, C + 2, 100);
	not_in_window(CLIENT, RST, C + 1, 0, 0);
	passes(CLIENT, RST, C + 2, 0, 0);
	is_now(FW_TCP_RESET);
	established();
	passes(CLIENT, FIN | ACK, C + 1, S + 1, 0);
	passes(SERVER, FIN | ACK, S + 1, C + 2, 0);
	passes(CLIENT, RST, C + 2, 0, 0);
	is_now(FW_TCP_RESET);
}

Test(fw_tcp_rst, refuses_a_syn)
{
	syn_sent();
	not_in_state(SERVER, RST, 0, 0, 0);
	not_in_window(SERVER, RST | ACK, 0, C, 0);
	not_in_window(SERVER, RST | ACK, 0, C + 2, 0);
	is_now(FW_TCP_SYN_SENT);
	passes(SERVER, RST | ACK, 0, C + 1, 0);
	is_now(FW_TCP_RESET);
	not_in_state(SERVER, ACK, S + 1, C + 1, 0);
	not_in_state(CLIENT, ACK, C + 1, S + 1, 0);
	not_in_state(SERVER, SYN | ACK, S, C + 1, 0);
	anew(CLIENT, SYN, C, 0, 0);
}

Test(fw_tcp_rst, refuses_a_syn_with_data)
{
	cr_assert_eq(begin(SYN, C, 500, true), FW_TCP_PASS);
	not_in_window(SERVER, RST | ACK, 0, C + 502, 0);
	passes(SERVER, RST | ACK, 0, C + 501, 0);
	is_now(FW_TCP_RESET);
}

Test(fw_tcp_rst, of_a_client_that_gives_up)
{
	syn_sent();
	not_in_window(CLIENT, RST, C, 0, 0);
	passes(CLIENT, RST, C + 1, 0, 0);
	is_now(FW_TCP_RESET);
	syn_received();
	not_in_window(CLIENT, RST, C, 0, 0);
	still(CLIENT, RST, C + 2, 0, 0);
	passes(CLIENT, RST, C + 1, 0, 0);
	is_now(FW_TCP_RESET);
}

Test(fw_tcp_rst, of_a_server_that_gives_up)
{
	syn_received();
	not_in_window(SERVER, RST, S, 0, 0);
	still(SERVER, RST, S + 2, 0, 0);
	is_now(FW_TCP_SYN_RECEIVED);
	passes(SERVER, RST, S + 1, 0, 0);
	is_now(FW_TCP_RESET);
	/* It has forgotten the SYN, which comes once more. */
	syn_received();
	passes(SERVER, RST | ACK, 0, C + 1, 0);
	is_now(FW_TCP_RESET);
}

Test(fw_tcp_rst, in_simultaneous_open)
{
	syn_sent();
	passes(SERVER, SYN, S, 0, 0);
	not_in_window(SERVER, RST | ACK, 0, C, 0);
	not_in_window(CLIENT, RST, C + 2, 0, 0);
	passes(SERVER, RST | ACK, 0, C + 1, 0);
	is_now(FW_TCP_RESET);
	syn_sent();
	passes(SERVER, SYN, S, 0, 0);
	passes(CLIENT, RST, C + 1, 0, 0);
	is_now(FW_TCP_RESET);
}

/* RFC 1337 */
Test(fw_tcp_rst, does_not_end_time_wait)
{
	time_wait();
	still(SERVER, RST, S + 2, 0, 0);
	still(CLIENT, RST | ACK, C + 2, S + 2, 0);
	not_in_window(CLIENT, RST, C + 1, 0, 0);
	is_now(FW_TCP_TIME_WAIT);
	still(CLIENT, ACK, C + 2, S + 2, 0);
}

Test(fw_tcp_rst, after_it_nothing_but_what_is_in_window)
{
	established();
	passes(SERVER, RST, S + 1, 0, 0);
	still(CLIENT, ACK, C + 1, S + 1, 10);
	still(SERVER, RST, S + 1, 0, 0);
	still(SERVER, SYN | ACK, S, C + 1, 0);
	not_in_window(CLIENT, ACK, C - 5000, S + 1, 10);
	not_in_window(CLIENT, ACK, C + 1, S + 2, 0);
	is_now(FW_TCP_RESET);
}

/* A SYN came twice, and where it was refused it is taken now. */
Test(fw_tcp_rst, the_answer_to_an_old_syn_after_the_end)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, 100);
	passes(SERVER, ACK, S + 1, C + 101, 0);
	passes(SERVER, RST, S + 1, 0, 0);
	not_in_window(CLIENT, RST, C + 1, 0, 0);
	still(SERVER, SYN | ACK, 0x50000000, C + 1, 0);
	still(CLIENT, RST, C + 1, 0, 0);
	is_now(FW_TCP_RESET);
}

/* RFC 5961 section 4: whatever its number. */
Test(fw_tcp_rst, a_syn_to_a_connection_that_stands_changes_nothing)
{
	static const uint32_t seqs[] = { C, C + 1, C + 2, C + 500, C + 99999, 0x70000000, 0 };

	established();
	for (unsigned int i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		still(CLIENT, SYN, seqs[i], 0, 0);
		still(SERVER, SYN, seqs[i], 0, 0);
		still(CLIENT, SYN | ACK, seqs[i], S + 1, 0);
		still(SERVER, SYN | ACK, seqs[i], 0x12345678, 0);
	}
	is_now(FW_TCP_ESTABLISHED);
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	passes(SERVER, ACK, S + 1, C + 1, 0);
	not_in_window(SERVER, ACK, S + 3 + WINDOW, C + 1, 0);
}

/* RFC 9293 figure 9 */
Test(fw_tcp_rst, a_client_without_memory_recovers)
{
	established();
	passes(SERVER, ACK, S + 1, C + 1, 100);
	still(CLIENT, SYN, 0x40000000, 0, 0);
	passes(SERVER, ACK, S + 101, C + 1, 0);
	passes(CLIENT, RST, C + 1, 0, 0);
	is_now(FW_TCP_RESET);
	anew(CLIENT, SYN, 0x40000000, 0, 0);
}

/* RFC 9293 figure 10 */
Test(fw_tcp_rst, a_server_without_memory_recovers)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, 100);
	passes(SERVER, RST, S + 1, 0, 0);
	is_now(FW_TCP_RESET);
}

/* Or is one of a handshake that both of them have forgotten. */
Test(fw_tcp_rst, a_handshake_that_neither_host_knows)
{
	syn_received();
	still(CLIENT, SYN, 0x40000000, 0, 0);
	still(SERVER, SYN | ACK, S, C + 1, 0);
	passes(SERVER, ACK, S + 1, C + 1, 0);
	not_in_state(SERVER, SYN | ACK, 0x50000000, 0x40000001, 0);
	is_now(FW_TCP_RESET);
	anew(CLIENT, SYN, 0x40000000, 0, 0);
	syn_received();
	still(CLIENT, SYN, 0x40000000, 0, 0);
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	is_now(FW_TCP_ESTABLISHED);
}

/* RFC 9293 figure 9, after a time in which the firewall has forgotten the connection, too. */
Test(fw_tcp_rst, a_server_with_an_older_connection)
{
	syn_sent();
	not_in_window(CLIENT, RST, 0x33333333, 0, 0);
	still(SERVER, ACK, 0x44444444, 0x33333333, 0);
	is_now(FW_TCP_SYN_SENT);
	not_in_window(CLIENT, RST, 0x33333332, 0, 0);
	still(CLIENT, RST, 0x33333333, 0, 0);
	is_now(FW_TCP_SYN_SENT);
	still(CLIENT, SYN, C, 0, 0);
	passes(SERVER, SYN | ACK, S, C + 1, 0);
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	is_now(FW_TCP_ESTABLISHED);
}

/* Its end was not seen: without this, the port would be of no use for hours. */
Test(fw_tcp_rst, a_new_connection_where_neither_host_knows_the_old_one)
{
	for (unsigned int side = 0; side < 2; side++) {
		established();
		still(side, SYN, 0x40000000, 0, 0);
		still(side ^ 1, SYN | ACK, 0x50000000, 0x40000002, 0);
		is_now(FW_TCP_ESTABLISHED);
		not_in_state(side ^ 1, SYN | ACK, 0x50000000, 0x40000001, 0);
		is_now(FW_TCP_RESET);
		anew(side, SYN, 0x40000000, 0, 0);
	}
}

Test(fw_tcp_rst, a_new_connection_in_time_wait_with_an_older_number)
{
	time_wait();
	still(CLIENT, SYN, C - 1000, 0, 0);
	not_in_state(SERVER, SYN | ACK, 0x50000000, C - 999, 0);
	is_now(FW_TCP_RESET);
	not_in_state(SERVER, SYN | ACK, 0x50000000, C - 999, 0);
	anew(CLIENT, SYN, C - 1000, 0, 0);
}

Test(fw_tcp_rst, a_new_connection_where_neither_host_knows_one_that_was_picked_up)
{
	cr_assert_eq(begin(ACK, C, 100, false), FW_TCP_PASS);
	passes(SERVER, ACK, S + 1, C + 100, 10);
	still(CLIENT, SYN, C - 1000, 0, 0);
	not_in_state(SERVER, SYN | ACK, 0x50000000, C - 999, 0);
	is_now(FW_TCP_RESET);
	anew(CLIENT, SYN, C - 1000, 0, 0);
}

Test(fw_tcp_rst, a_refusal_where_neither_host_knows_the_old_one)
{
	established();
	not_in_window(SERVER, RST | ACK, 0, 0x40000001, 0);
	still(CLIENT, SYN, 0x40000000, 0, 0);
	not_in_window(CLIENT, RST | ACK, 0, 0x40000001, 0);
	passes(SERVER, RST | ACK, 0, 0x40000001, 0);
	is_now(FW_TCP_RESET);
}

Test(fw_tcp_rst, a_host_that_goes_on_knows_the_old_one)
{
	established();
	still(CLIENT, SYN, 0x40000000, 0, 0);
	passes(SERVER, ACK, S + 1, C + 1, 0);
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	still(SERVER, SYN | ACK, 0x50000000, 0x40000001, 0);
	not_in_window(SERVER, RST | ACK, 0, 0x40000001, 0);
	is_now(FW_TCP_ESTABLISHED);
}

/* Or it would be taken for a simultaneous open by a client that has not had the answer. */
Test(fw_tcp_rst, a_syn_of_the_server_after_its_answer)
{
	syn_received();
	not_in_state(SERVER, SYN, 0x40000000, 0, 0);
	still(SERVER, SYN, S, 0, 0);
	is_now(FW_TCP_SYN_RECEIVED);
}

Test(fw_tcp_rst, a_strange_syn_comes_without_data)
{
	established();
	not_in_state(CLIENT, SYN, 0x40000000, 0, 100);
	still(CLIENT, SYN, C, 0, 100);
	is_now(FW_TCP_ESTABLISHED);
}

Test(fw_tcp_rst, old_syns_and_answers_are_not_taken_for_new_ones)
{
	established();
	passes(CLIENT, ACK, C + 1, S + 1, 500);
	still(CLIENT, SYN, C, 0, 0);
	still(SERVER, SYN | ACK, S, C + 1, 0);
	is_now(FW_TCP_ESTABLISHED);
}

Test(fw_tcp_rst, quotes_are_of_what_is_in_flight)
{
	established();
	window = 100;
	passes(CLIENT, ACK, C + 1, S + 1, 500);
	cr_assert(fw_tcp_quote_valid(&tcp, CLIENT, C + 1));
	cr_assert(fw_tcp_quote_valid(&tcp, CLIENT, C + 501));
	cr_assert_not(fw_tcp_quote_valid(&tcp, CLIENT, C + 502));
	cr_assert(fw_tcp_quote_valid(&tcp, CLIENT, C + 1 - WINDOW));
	cr_assert_not(fw_tcp_quote_valid(&tcp, CLIENT, C - WINDOW));
	passes(SERVER, ACK, S + 1, C + 501, 0);
	cr_assert(fw_tcp_quote_valid(&tcp, CLIENT, C + 501 - WINDOW));
	cr_assert_not(fw_tcp_quote_valid(&tcp, CLIENT, C + 500 - WINDOW));
	cr_assert(fw_tcp_quote_valid(&tcp, SERVER, S + 1));
	cr_assert_not(fw_tcp_quote_valid(&tcp, SERVER, S + 2));
	cr_assert_not(fw_tcp_quote_valid(&tcp, SERVER, 0x70000000));
}

Test(fw_tcp_rst, quotes_of_syns)
{
	syn_sent();
	cr_assert(fw_tcp_quote_valid(&tcp, CLIENT, C));
	cr_assert_not(fw_tcp_quote_valid(&tcp, CLIENT, C - 1));
	cr_assert_not(fw_tcp_quote_valid(&tcp, CLIENT, C + 2));
	cr_assert_not(fw_tcp_quote_valid(&tcp, SERVER, 0));
	cr_assert_not(fw_tcp_quote_valid(&tcp, SERVER, S));
	passes(SERVER, SYN | ACK, S, C + 1, 0);
	cr_assert(fw_tcp_quote_valid(&tcp, SERVER, S));
	cr_assert_not(fw_tcp_quote_valid(&tcp, SERVER, S + 2));
}

Test(fw_tcp_rst, quotes_of_what_was_picked_up)
{
	cr_assert_eq(begin(ACK, C, 100, false), FW_TCP_PASS);
	cr_assert(fw_tcp_quote_valid(&tcp, CLIENT, C));
	cr_assert_not(fw_tcp_quote_valid(&tcp, CLIENT, C + 101));
	cr_assert(fw_tcp_quote_valid(&tcp, SERVER, S + 1));
}
