/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The same packets come out of the IP node whatever the size of bursts and the number of workers:
 * a mixture of what goes on, waits, is answered, cut and refused.
 */
#include "ip_support.h"

#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 12

#define CONFIG(more)                                                                               \
	more IP_CONFIG_OF(IP_LEFT("dad = false;") ",{ port = \"right\"; mtu = 600; dad = false; "  \
						  "addresses = [ \"10.0.2.1/24\" ]; }",            \
			  "icmp_errors_per_host = 100; routes = ( { prefix = \"192.0.2.0/24\"; "   \
			  "via = \"10.0.2.9\"; } );")

/* All that happens at one moment: one packet of each kind. */
static void put_round(uint64_t at_ns)
{
	ip_put_udp(at_ns, HOST4, PEER4);
	ip_put_udp(at_ns, HOST4, "10.0.2.8");
	ip_put_udp(at_ns, HOST4, LEFT4);
	ip_put_udp(at_ns, HOST4, "192.0.2.1");
	ip_put_udp(at_ns, HOST6, "2001:db8:ffff::1");
	ip_put_udp(at_ns, HOST4, "10.0.2.255");
	for (uint32_t i = 0; i < 3; i++) {
		ip_from_host(&in, i == 2 ? HOST6 : HOST4, i == 2 ? LEFT6 : i ? LEFT4 : PEER4);
		vnf_test_echo(&in, false, (uint16_t)i, 7);
		vnf_test_payload(&in, i == 0 ? 1000 : 20);
		ip_put("left", at_ns, &in);
	}
	ip_from_host(&in, HOST4, PEER4);
	vnf_test_ttl(&in, 1);
	ip_udp(&in, 99);
	ip_put("left", at_ns, &in);
	ip_known("left", at_ns, HOST_MAC, HOST4, LEFT4);
}

static void run(const char *config, const char *option)
{
	ip_begin(config);
	ip_known("left", 2 * MS, HOST_MAC, HOST4, LEFT4);
	ip_known("left", 2 * MS, HOST_MAC, HOST6, LEFT6);
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	for (uint64_t i = 0; i < ROUNDS; i++)
		put_round(BEGIN + i * 100 * MS);
	ip_arp(&in, RIGHT_MAC, OTHER_MAC, 2, "10.0.2.8", RIGHT_MAC, RIGHT4);
	ip_put("right", BEGIN + 250 * MS, &in);
	if (option != NULL)
		ip_option(option);
	ip_option("--until=+10s");
	ip_play();
}

/* FNV-1a over one frame. Of IPv4, identifications are given in the order of work: left out. */
static uint64_t frame_hash(const uint8_t *f, uint32_t len, bool own)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (uint32_t i = 0; i < len; i++) {
		bool varies = own && (i == 18 || i == 19 || i == 24 || i == 25);

		h = (h ^ (varies ? 0 : f[i])) * UINT64_C(0x100000001b3);
	}
	return h;
}

/* Of all frames of a port: their number, and a sum: `exact` of octets, order and times, else the
 * same in whatever order, for workers share the work.
 */
static uint64_t port_sum(const char *port, bool exact, uint64_t *n)
{
	uint64_t sum = 0, at_ns;
	const uint8_t *f;
	uint32_t len;

	for (*n = 0; (f = vnf_test_replay_frame(ip_run, port, *n, &len, &at_ns)) != NULL; ++*n) {
		bool v4 = f[12] == 8 && f[13] == 0;
		uint64_t h = frame_hash(f, len, v4 && !exact);

		if (exact)
			sum = (sum ^ h ^ at_ns) * UINT64_C(0x100000001b3);
		else
			sum += h * UINT64_C(0x9e3779b97f4a7c15);
	}
	return sum;
}

struct sums {
	uint64_t left, right, n_left, n_right;
};

static void sums_take(struct sums *s, bool exact)
{
	s->left = port_sum("left", exact, &s->n_left);
	s->right = port_sum("right", exact, &s->n_right);
}

/* Each replay needs a process of its own. */
static struct sums sums_of(const char *config, const char *option, bool exact)
{
	struct sums s = { 0 };
	int ends[2], status;
	pid_t child;

	cr_assert_eq(pipe(ends), 0);
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		run(config, option);
		sums_take(&s, exact);
		ip_end();
		_exit(write(ends[1], &s, sizeof(s)) == (ssize_t)sizeof(s) ? 0 : 1);
	}
	close(ends[1]);
	cr_assert_eq(read(ends[0], &s, sizeof(s)), (ssize_t)sizeof(s));
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	close(ends[0]);
	return s;
}

static void same(const char *config, const char *option, bool exact)
{
	struct sums one = sums_of(CONFIG(""), NULL, exact), other = sums_of(config, option, exact);

	cr_assert_gt(one.n_left, 5 * ROUNDS);
	cr_assert_gt(one.n_right, 4 * ROUNDS);
	cr_assert_eq(one.n_left, other.n_left, "left: %zu and %zu", (size_t)one.n_left,
		     (size_t)other.n_left);
	cr_assert_eq(one.n_right, other.n_right, "right: %zu and %zu", (size_t)one.n_right,
		     (size_t)other.n_right);
	cr_assert_eq(one.left, other.left);
	cr_assert_eq(one.right, other.right);
}

Test(ip_burst, one_at_a_time)
{
	same(CONFIG(""), "--burst=1", true);
}

Test(ip_burst, seven_at_a_time)
{
	same(CONFIG(""), "--burst=7", true);
}

Test(ip_burst, thirty_two_at_a_time)
{
	same(CONFIG(""), "--burst=32", true);
}

Test(ip_burst, the_same_run_twice)
{
	same(CONFIG(""), NULL, true);
}

/* Worker 0 deals with what others hand over when it comes to it: the same packets at the end. */
Test(ip_burst, two_workers)
{
	same(CONFIG("workers = 2;"), NULL, false);
}

Test(ip_burst, two_workers_one_at_a_time)
{
	same(CONFIG("workers = 2;"), "--burst=1", false);
}
