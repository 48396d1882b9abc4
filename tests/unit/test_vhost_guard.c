/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The vhost-user firewall: its rules one by one, and in front of the real librte_vhost, which is
 * also the test that the layout of its messages is as we believe.
 */
#include "eal_support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <rte_version.h>

#include "port_vhost.h"

#define NS 1000000000ull

static struct hsw_guard guard;
static struct hsw_vhost_msg msg;
static char why[160];

static void begin(void)
{
	hsw_guard_init(&guard, 2, 1024, 0);
	memset(&msg, 0, sizeof(msg));
	for (int i = 0; i < HSW_VHOST_REGIONS; i++)
		msg.fds[i] = -1;
}

static int check(uint32_t request, uint32_t size)
{
	msg.request = request;
	msg.size = size;
	return hsw_guard_check(&guard, &msg, 0, why, sizeof(why));
}

static int check_ring(uint32_t request, uint32_t index, uint32_t num)
{
	msg.payload.state.index = index;
	msg.payload.state.num = num;
	return check(request, 8);
}

/* One good region per call; returns its place for spoiling. */
static struct hsw_vhost_region region_make(unsigned int i)
{
	return (struct hsw_vhost_region){ i * 0x10000ull, 0x10000, 0x7f0000000000ull + i * 0x10000,
					  0 };
}

static void regions_set(unsigned int n)
{
	msg.payload.memory.nregions = n;
	msg.fd_num = (int)n;
	for (unsigned int i = 0; i < n && i < HSW_VHOST_REGIONS; i++)
		msg.payload.memory.regions[i] = region_make(i);
}

TestSuite(guard, .init = begin);

Test(guard, what_is_not_offered_is_refused)
{
	static const uint32_t refused[] = { 0,  4,  21, 22, 23, 24, 25, 26, 27,  28,
					    29, 30, 31, 32, 36, 37, 38, 41, 255, UINT32_MAX };

	for (size_t i = 0; i < RTE_DIM(refused); i++)
		cr_assert_eq(check(refused[i], 64), -EPERM, "request %u", refused[i]);
}

/* ---- rings: messages in sequence ---- */

#define MQ (1ull << 22)
#define LOG_ALL (1ull << 26)
#define VERSION_1 (1ull << 32)
#define PACKED (1ull << 34)

static int features(uint64_t bits)
{
	msg.payload.u64 = bits;
	return check(HSW_VHOST_SET_FEATURES, 8);
}

static int ring_u64(uint32_t request, uint32_t ring)
{
	msg.payload.u64 = ring;
	return check(request, 8);
}

static int ring_addr(uint32_t ring)
{
	msg.payload.addr.index = ring;
	return check(HSW_VHOST_SET_VRING_ADDR, 40);
}

/* In the order of virtio-user, or in that of QEMU's vhost-user. */
static void ring_start(uint32_t ring, uint32_t num, uint32_t base)
{
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_NUM, ring, num), 0, "%s", why);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_BASE, ring, base), 0, "%s", why);
	cr_assert_eq(ring_addr(ring), 0, "%s", why);
	cr_assert_eq(ring_u64(HSW_VHOST_SET_VRING_KICK, ring), 0, "%s", why);
}

static void ring_stop(uint32_t ring)
{
	cr_assert_eq(check_ring(HSW_VHOST_GET_VRING_BASE, ring, 0), 0, "%s", why);
}

/* virtio-user: call descriptors of all queue pairs before the features; then stop and start. */
Test(guard, the_start_of_virtio_user_passes)
{
	cr_assert_eq(check(HSW_VHOST_SET_OWNER, 0), 0);
	cr_assert_eq(check(HSW_VHOST_GET_FEATURES, 0), 0);
	cr_assert_eq(check(HSW_VHOST_GET_PROTOCOL_FEATURES, 0), 0);
	for (int round = 0; round < 3; round++) {
		for (uint32_t ring = 0; ring < 4; ring++)
			cr_assert_eq(ring_u64(HSW_VHOST_SET_VRING_CALL, ring), 0);
		cr_assert_eq(features(MQ | VERSION_1 | (round == 1 ? PACKED : 0)), 0);
		regions_set(8);
		cr_assert_eq(check(HSW_VHOST_SET_MEM_TABLE, 8 + 8 * 32), 0);
		for (uint32_t ring = 0; ring < 4; ring++)
			ring_start(ring, 256, round == 1 ? 0x8000 : 0);
		for (uint32_t ring = 0; ring < 4; ring++)
			cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_ENABLE, ring, 1), 0);
		cr_assert_eq(check(HSW_VHOST_SET_STATUS, 8), 0);
		for (uint32_t ring = 0; ring < 4; ring++)
			cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_ENABLE, ring, 0), 0);
		for (uint32_t ring = 0; ring < 4; ring++)
			ring_stop(ring);
	}
}

/* QEMU: rings are enabled first, also those that the guest's firmware does not use; migration. */
Test(guard, the_start_of_qemu_passes)
{
	for (int boot = 0; boot < 2; boot++) {
		uint64_t bits = VERSION_1 | (boot == 1 ? MQ : 0);
		uint32_t n = boot == 1 ? 4 : 2;

		for (uint32_t ring = 0; ring < 4; ring++) {
			cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_ENABLE, ring, ring < n), 0);
			cr_assert_eq(ring_u64(HSW_VHOST_SET_VRING_CALL, ring | 0x100), 0);
		}
		cr_assert_eq(features(bits), 0);
		for (uint32_t ring = 0; ring < n; ring++)
			ring_start(ring, 1024, 65535);
		cr_assert_eq(features(bits | LOG_ALL), 0, "migration begins");
		for (uint32_t ring = 0; ring < n; ring++)
			cr_assert_eq(ring_addr(ring), 0);
		cr_assert_eq(features(bits), 0, "migration fails");
		for (uint32_t ring = 0; ring < n; ring++)
			ring_stop(ring);
	}
}

/* Others send addresses before the position, and the position before the size. */
Test(guard, other_orders_pass)
{
	cr_assert_eq(features(VERSION_1 | PACKED), 0);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 256), 0);
	cr_assert_eq(ring_addr(0), 0);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_BASE, 0, 0x8000), 0);
	cr_assert_eq(ring_u64(HSW_VHOST_SET_VRING_KICK, 0), 0);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_BASE, 1, 0x8000), 0);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_NUM, 1, 256), 0);
	cr_assert_eq(ring_addr(1), 0);
	cr_assert_eq(ring_u64(HSW_VHOST_SET_VRING_KICK, 1), 0);
}

Test(guard, rings_beyond_the_ports)
{
	cr_assert_eq(features(MQ), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 4, 256), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_ENABLE, UINT32_MAX, 1), 0);
	cr_assert_lt(check_ring(HSW_VHOST_GET_VRING_BASE, 4, 0), 0);
	cr_assert_lt(ring_u64(HSW_VHOST_SET_VRING_KICK, 4), 0);
	cr_assert_lt(ring_addr(4), 0);
}

Test(guard, ring_sizes)
{
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 0), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 2), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 32), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 2048), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 768), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_BASE, 0, 65536), 0);
	cr_assert_eq(features(PACKED), 0);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 768), 0, "packed rings may");
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_NUM, 1, 64), 0);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_BASE, 0, 0x80008000), 0, "as QEMU has it");
	cr_assert_eq(guard.ring[0].base, 0x8000);
}

Test(guard, a_ring_keeps_its_size_until_it_is_stopped)
{
	ring_start(0, 256, 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 1024), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 256), 0);
	ring_stop(0);
	ring_start(0, 1024, 0);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_NUM, 1, 256), 0);
	cr_assert_eq(ring_addr(1), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 1, 128), 0, "addresses are in use");
}

Test(guard, a_ring_without_a_size_is_not_used)
{
	cr_assert_lt(ring_addr(0), 0);
	cr_assert_lt(ring_u64(HSW_VHOST_SET_VRING_KICK, 0), 0);
	ring_start(0, 256, 0);
	ring_stop(0);
	cr_assert_lt(ring_addr(0), 0, "its tables are gone");
	cr_assert_lt(ring_u64(HSW_VHOST_SET_VRING_KICK, 0), 0);
	cr_assert_lt(ring_u64(HSW_VHOST_SET_VRING_KICK, 0 | 0x100), 0);
	cr_assert_eq(ring_u64(HSW_VHOST_SET_VRING_CALL, 0), 0, "harmless");
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_ENABLE, 0, 1), 0, "harmless");
}

Test(guard, features_stay_once_a_ring_has_its_size)
{
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 256), 0);
	cr_assert_lt(features(PACKED), 0);
	cr_assert_lt(features(VERSION_1), 0);
	cr_assert_eq(features(LOG_ALL), 0);
	cr_assert_eq(features(0), 0);
	ring_stop(0);
	cr_assert_eq(features(PACKED), 0);
}

Test(guard, a_second_pair_needs_multiqueue)
{
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 2, 256), 0);
	cr_assert_eq(features(VERSION_1), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 3, 256), 0);
	cr_assert_lt(ring_addr(2), 0);
	cr_assert_lt(ring_u64(HSW_VHOST_SET_VRING_KICK, 2), 0);
	cr_assert_eq(features(VERSION_1 | MQ), 0);
	ring_start(2, 256, 0);
	cr_assert_lt(features(VERSION_1), 0, "it is in use");
}

/* librte_vhost would read descriptors beyond the ring. */
Test(guard, a_packed_ring_begins_within_itself)
{
	cr_assert_eq(features(PACKED), 0);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 256), 0);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_BASE, 0, 0x8000 | 256), 0);
	cr_assert_lt(ring_u64(HSW_VHOST_SET_VRING_KICK, 0), 0);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_BASE, 0, 255), 0);
	cr_assert_eq(ring_u64(HSW_VHOST_SET_VRING_KICK, 0), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_BASE, 0, 256), 0, "in motion");
	ring_stop(0);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 64), 0);
	cr_assert_lt(ring_u64(HSW_VHOST_SET_VRING_KICK, 0), 0,
		     "it would go on at its old position");
}

Test(guard, a_new_connection_begins_anew)
{
	cr_assert_eq(features(MQ), 0);
	ring_start(0, 256, 0);
	hsw_guard_begin(&guard);
	cr_assert_lt(ring_u64(HSW_VHOST_SET_VRING_KICK, 0), 0);
	cr_assert_eq(features(PACKED), 0);
}

Test(guard, acknowledgements_are_negotiated)
{
	cr_assert_not(guard.reply_ack);
	msg.payload.u64 = 1ull << 3;
	cr_assert_eq(check(HSW_VHOST_SET_PROTOCOL_FEATURES, 8), 0);
	cr_assert(guard.reply_ack);
	hsw_guard_begin(&guard);
	cr_assert_not(guard.reply_ack);
}

/* ---- the others ---- */

Test(guard, messages_cut_short)
{
	cr_assert_lt(check(HSW_VHOST_SET_FEATURES, 7), 0);
	cr_assert_lt(check(HSW_VHOST_SET_VRING_NUM, 4), 0);
	cr_assert_lt(check(HSW_VHOST_SET_VRING_ADDR, 39), 0);
	regions_set(2);
	cr_assert_lt(check(HSW_VHOST_SET_MEM_TABLE, 8 + 63), 0);
}

Test(guard, memory_tables)
{
	struct hsw_vhost_region r;

	regions_set(0);
	cr_assert_lt(check(HSW_VHOST_SET_MEM_TABLE, 264), 0);
	regions_set(9);
	cr_assert_lt(check(HSW_VHOST_SET_MEM_TABLE, 632), 0);
	regions_set(2);
	msg.fd_num = 1;
	cr_assert_lt(check(HSW_VHOST_SET_MEM_TABLE, 72), 0);

	for (int field = 0; field < 5; field++) {
		regions_set(2);
		r = region_make(1);
		r.memory_size = field == 0 ? 0 : field == 1 ? UINT64_MAX : r.memory_size;
		r.guest_phys_addr = field == 2 ? UINT64_MAX : r.guest_phys_addr;
		r.mmap_offset = field == 3 ? UINT64_MAX : 0;
		r.guest_phys_addr = field == 4 ? 0xffff : r.guest_phys_addr;
		msg.payload.memory.regions[1] = r;
		cr_assert_lt(check(HSW_VHOST_SET_MEM_TABLE, 72), 0, "case %d", field);
	}
}

Test(guard, migration_logs)
{
	msg.payload.log.mmap_size = 4096;
	msg.payload.log.mmap_offset = 0;
	msg.fd_num = 1;
	cr_assert_eq(check(HSW_VHOST_SET_LOG_BASE, 16), 0);
	cr_assert_lt(check(HSW_VHOST_SET_LOG_BASE, 8), 0);
	cr_assert_lt(check(HSW_VHOST_SET_LOG_BASE, 24), 0);
	msg.fd_num = 2;
	cr_assert_lt(check(HSW_VHOST_SET_LOG_BASE, 16), 0);
	msg.fd_num = 1;
	msg.payload.log.mmap_offset = 4096;
	cr_assert_lt(check(HSW_VHOST_SET_LOG_BASE, 16), 0);
	msg.payload.log.mmap_offset = 0;
	msg.payload.log.mmap_size = 0;
	cr_assert_lt(check(HSW_VHOST_SET_LOG_BASE, 16), 0);
}

Test(guard, floods_of_messages)
{
	int n = 0;

	regions_set(1);
	while (check(HSW_VHOST_SET_MEM_TABLE, 40) == 0)
		n++;
	cr_assert(n > 8 && n < 100, "%d memory tables at once", n);
	cr_assert_eq(hsw_guard_check(&guard, &msg, NS, why, sizeof(why)), 0, "a second later");
	while (check(HSW_VHOST_GET_FEATURES, 0) == 0)
		n++;
	cr_assert(n > 1000 && n < 10000, "%d messages at once", n);
	hsw_guard_begin(&guard);
	cr_assert_lt(check(HSW_VHOST_GET_FEATURES, 0), 0, "another connection does not help");
}

/* 3.9 tokens at a time: the fractions are worth one more every ten times. */
Test(guard, rates_keep_fractions_of_tokens)
{
	uint64_t now = 0;
	int n = 0;

	regions_set(1);
	msg.request = HSW_VHOST_SET_MEM_TABLE;
	msg.size = 40;
	while (hsw_guard_check(&guard, &msg, now, why, sizeof(why)) == 0)
		;
	for (int i = 0; i < 400; i++) {
		now += NS / 40;
		n += hsw_guard_check(&guard, &msg, now, why, sizeof(why)) == 0;
	}
	cr_assert(n >= 39 && n <= 41, "%d in 10 s, but 4 a second", n);
}

Test(guard, comers_are_counted)
{
	int n = 0;

	while (hsw_guard_admit(&guard, 0) == 0)
		n++;
	cr_assert(n >= 10 && n < 100, "%d connections at once", n);
	cr_assert_eq(hsw_guard_admit(&guard, 10 * NS), 0);
}

Test(guard, who_was_disconnected_waits_longer_each_time)
{
	uint64_t now = NS, pause = NS;

	for (int i = 0; i < 8; i++) {
		cr_assert_eq(hsw_guard_admit(&guard, now), 0);
		hsw_guard_punish(&guard, now);
		cr_assert_lt(hsw_guard_admit(&guard, now + pause - 1), 0, "pause %d", i);
		now += pause;
		cr_assert_eq(hsw_guard_admit(&guard, now), 0, "pause %d", i);
		pause = RTE_MIN(2 * pause, 30 * NS);
	}
	now += 3600 * NS;
	hsw_guard_punish(&guard, now);
	cr_assert_eq(hsw_guard_admit(&guard, now + NS), 0, "forgotten");
}

/* ---- what descriptors are ---- */

static int check_files(uint32_t request)
{
	msg.request = request;
	return hsw_guard_check_files(&msg, why, sizeof(why));
}

static void one_region(int fd, uint64_t size, uint64_t offset)
{
	msg.fds[0] = fd;
	msg.fd_num = 1;
	msg.payload.memory.nregions = 1;
	msg.payload.memory.regions[0] = (struct hsw_vhost_region){ 0, size, 0, offset };
}

Test(guard, regions_and_their_files)
{
	one_region(memfd_create("region", 0), 8192, 4096);
	cr_assert_eq(ftruncate(msg.fds[0], 12288), 0);
	cr_assert_eq(check_files(HSW_VHOST_SET_MEM_TABLE), 0, "%s", why);
	cr_assert_eq(ftruncate(msg.fds[0], 12287), 0);
	cr_assert_lt(check_files(HSW_VHOST_SET_MEM_TABLE), 0);
	hsw_guard_close_fds(&msg);
	cr_assert_eq(msg.fd_num, 0);
	cr_assert_lt(msg.fds[0], 0);
}

Test(guard, regions_that_are_no_memory)
{
	int fds[2], fd;

	cr_assert_eq(pipe(fds), 0);
	one_region(fds[1], 4096, 0);
	cr_assert_lt(check_files(HSW_VHOST_SET_MEM_TABLE), 0, "a pipe");
	one_region(-1, 4096, 0);
	cr_assert_lt(check_files(HSW_VHOST_SET_MEM_TABLE), 0, "nothing");
	one_region(open("/proc/self/exe", O_RDONLY), 4096, 0);
	cr_assert_lt(check_files(HSW_VHOST_SET_MEM_TABLE), 0, "a file of a disk, or read-only");
	one_region(open("/dev/zero", O_RDWR), 4096, 0);
	cr_assert_lt(check_files(HSW_VHOST_SET_MEM_TABLE), 0, "a device");
	fd = memfd_create("huge", 0);
	cr_assert_eq(ftruncate(fd, 1ll << 60), 0);
	one_region(fd, 1ull << 59, 0);
	cr_assert_lt(check_files(HSW_VHOST_SET_MEM_TABLE), 0, "more than the address space");
	fd = memfd_create("sealed", MFD_ALLOW_SEALING);
	cr_assert_eq(ftruncate(fd, 4096), 0);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	one_region(fd, 4096, 0);
	cr_assert_lt(check_files(HSW_VHOST_SET_MEM_TABLE), 0, "not to be written");
}

Test(guard, logs_and_their_files)
{
	int fds[2];

	msg.payload.log.mmap_size = 4096;
	msg.payload.log.mmap_offset = 0;
	msg.fd_num = 1;
	msg.fds[0] = memfd_create("log", 0);
	cr_assert_lt(check_files(HSW_VHOST_SET_LOG_BASE), 0, "too short");
	cr_assert_eq(ftruncate(msg.fds[0], 4096), 0);
	cr_assert_eq(check_files(HSW_VHOST_SET_LOG_BASE), 0, "%s", why);
	cr_assert_eq(pipe(fds), 0);
	msg.fds[0] = fds[0];
	cr_assert_lt(check_files(HSW_VHOST_SET_LOG_BASE), 0);
}

Test(guard, call_descriptors)
{
	int fds[2];

	msg.fd_num = 0;
	cr_assert_eq(check_files(HSW_VHOST_SET_VRING_CALL), 0, "none is allowed");
	msg.fd_num = 1;
	msg.fds[0] = eventfd(0, 0);
	cr_assert_eq(check_files(HSW_VHOST_SET_VRING_CALL), 0, "%s", why);
	cr_assert_neq(fcntl(msg.fds[0], F_GETFL) & O_NONBLOCK, 0);
	cr_assert_eq(pipe(fds), 0);
	msg.fds[0] = fds[1];
	cr_assert_lt(check_files(HSW_VHOST_SET_VRING_CALL), 0);
}

Test(guard, this_librte_vhost_is_known)
{
	cr_assert(hsw_guard_supported(rte_version(), why, sizeof(why)), "%s", why);
}

Test(guard, librte_vhost_with_holes_is_refused)
{
	cr_expect_not(hsw_guard_supported("DPDK 22.11.7", why, sizeof(why)));
	cr_expect_not_null(strstr(why, "22.11.8 is the first without"), "%s", why);
	cr_expect(hsw_guard_supported("DPDK 22.11.8", why, sizeof(why)));
	cr_expect(hsw_guard_supported("DPDK 22.11.11", why, sizeof(why)));
	cr_expect_not(hsw_guard_supported("DPDK 23.11.4", why, sizeof(why)));
	cr_expect_not_null(strstr(why, "is not 22.11"), "%s", why);
}

/* ---- in front of librte_vhost ---- */

static struct hsw_vhost_spec vhost_spec;
static struct vnf_port_spec spec = { .kind_spec = &vhost_spec, .queues = 3 };
static struct vnf_port port;
static char path[64];

static void port_start(void)
{
	eal_support_start();
	snprintf(path, sizeof(path), "/tmp/vnf-unit-%d.sock", (int)getpid());
	vhost_spec = (struct hsw_vhost_spec){
		.socket = path,
		.mode = HSW_VHOST_SERVER,
		.owner = "",
		.group = "",
		.access = 0640,
		.ring_max = 1024,
	};
	eal_support_port(&port, &hsw_port_kind_vhost_user, &spec, NULL);
	cr_assert_eq(hsw_port_kind_vhost_user.open(&port), 0);
	cr_assert_eq(hsw_port_kind_vhost_user.start(&port), 0);
}

static void port_stop(void)
{
	char lock[80];

	hsw_port_kind_vhost_user.stop(&port);
	hsw_port_kind_vhost_user.close(&port);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	cr_assert_lt(access(path, F_OK), 0, "the socket is left behind");
	cr_assert_lt(access(lock, F_OK), 0, "the lock is left behind");
	eal_support_stop();
}

static int peer_connect(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 5 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	cr_assert_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

/* Send a message with `n_fds` times the descriptor `fd`. */
static void peer_send(int sock, uint32_t request, const void *payload, uint32_t size, int fd,
		      int n_fds)
{
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(HSW_VHOST_REGIONS * sizeof(int))];
	} control = { 0 };
	uint32_t header[3] = { request, 1, size };
	struct iovec iov[2] = { { header, sizeof(header) }, { (void *)(uintptr_t)payload, size } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = size > 0 ? 2 : 1 };

	if (n_fds > 0) {
		struct cmsghdr *c;
		int fds[HSW_VHOST_REGIONS];

		for (int i = 0; i < n_fds; i++)
			fds[i] = fd;
		m.msg_control = control.octets;
		m.msg_controllen = CMSG_SPACE((size_t)n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)n_fds * sizeof(int));
	}
	cr_assert_eq(sendmsg(sock, &m, MSG_NOSIGNAL), (ssize_t)(sizeof(header) + size));
}

/* The answer's payload, or -1 at the end of the connection. */
static int64_t peer_receive(int sock)
{
	struct __attribute__((packed)) {
		uint32_t header[3];
		uint64_t u64;
	} answer;
	ssize_t n = recv(sock, &answer, sizeof(answer), MSG_WAITALL);

	cr_assert(n >= 0 || errno == ECONNRESET, "no answer: %s", strerror(errno));
	return n == sizeof(answer) ? (int64_t)answer.u64 : -1;
}

static int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static bool files_are(int n)
{
	for (int i = 0; i < 300 && open_files() != n; i++)
		usleep(10000);
	return open_files() == n;
}

Test(guard_real, answers_and_refuses, .timeout = 30)
{
	struct hsw_vhost *v;
	struct stat st;
	uint64_t none = 0;
	int sock, fd, files;

	port_start();
	v = port.priv;
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0640);
	files = open_files();

	sock = peer_connect();
	peer_send(sock, HSW_VHOST_GET_QUEUE_NUM, NULL, 0, -1, 0);
	cr_assert_eq(peer_receive(sock), 3, "queue pairs are the port's");
	peer_send(sock, HSW_VHOST_GET_FEATURES, NULL, 0, -1, 0);
	none = (uint64_t)peer_receive(sock);
	cr_assert_eq(none & 0x7fffull & ~(1ull << 3), 0, "no offload is offered: %#lx", none);
	cr_assert_neq(none & (1ull << 32), 0, "virtio 1 is");

	/* Eight descriptors with a request that takes none: all are closed, and so is the peer. */
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	none = 0;
	peer_send(sock, 31, &none, sizeof(none), fd, 8);
	cr_assert_eq(peer_receive(sock), -1);
	close(sock);
	close(fd);
	cr_assert(files_are(files), "%d open files, before %d", open_files(), files);
	cr_assert_eq(v->refused_messages, 1);
	port_stop();
}

Test(guard_real, a_region_beyond_its_file, .timeout = 30)
{
	struct {
		uint32_t n, padding;
		struct hsw_vhost_region r[2];
	} table = { 2, 0, { { 0, 1 << 20, 0, 0 }, { 1 << 20, 1 << 20, 1 << 20, 0 } } };
	int sock, fd, files;

	port_start();
	files = open_files();
	sock = peer_connect();
	fd = memfd_create("guest", MFD_CLOEXEC);
	cr_assert_eq(ftruncate(fd, (1 << 20) - 1), 0);
	peer_send(sock, HSW_VHOST_SET_MEM_TABLE, &table, sizeof(table), fd, 2);
	cr_assert_eq(peer_receive(sock), -1);
	close(sock);
	cr_assert(files_are(files + 1), "%d open files, before %d", open_files(), files);

	/* Not at once; then the same with files long enough is taken: the next one is answered. */
	sock = peer_connect();
	cr_assert_eq(peer_receive(sock), -1);
	close(sock);
	usleep(1100000);
	sock = peer_connect();
	cr_assert_eq(ftruncate(fd, 1 << 20), 0);
	peer_send(sock, HSW_VHOST_SET_MEM_TABLE, &table, sizeof(table), fd, 2);
	peer_send(sock, HSW_VHOST_GET_QUEUE_NUM, NULL, 0, -1, 0);
	cr_assert_eq(peer_receive(sock), 3);
	close(sock);
	close(fd);
	cr_assert(files_are(files));
	port_stop();
}

Test(guard_real, a_second_peer_is_turned_away, .timeout = 30)
{
	struct hsw_vhost *v;
	int first, second;

	port_start();
	v = port.priv;
	first = peer_connect();
	peer_send(first, HSW_VHOST_GET_QUEUE_NUM, NULL, 0, -1, 0);
	cr_assert_eq(peer_receive(first), 3);
	second = peer_connect();
	cr_assert_eq(peer_receive(second), -1);
	peer_send(first, HSW_VHOST_GET_QUEUE_NUM, NULL, 0, -1, 0);
	cr_assert_eq(peer_receive(first), 3, "the first one stays");
	cr_assert_eq(v->refused_peers, 1);
	close(first);
	close(second);
	port_stop();
}

Test(guard_real, a_peer_that_stalls_is_cut_off, .timeout = 30)
{
	uint32_t header[3] = { HSW_VHOST_SET_FEATURES, 1, 8 };
	int sock;

	port_start();
	sock = peer_connect();
	cr_assert_eq(send(sock, header, sizeof(header), 0), sizeof(header));
	cr_assert_eq(peer_receive(sock), -1);
	close(sock);
	port_stop();
}

Test(guard_real, a_socket_left_behind_is_replaced, .timeout = 30)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/tmp/vnf-unit-%d.sock", (int)getpid());
	cr_assert_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	port_start();
	close(peer_connect());
	cr_assert_eq(hsw_socket_claim("other", path), -EWOULDBLOCK, "it is ours now");
	port_stop();
}

Test(guard_real, a_socket_in_use_is_left_alone, .timeout = 30)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(path, sizeof(path), "/tmp/vnf-unit-%d.sock", (int)getpid());
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	cr_assert_eq(hsw_socket_claim("other", path), -EADDRINUSE);
	cr_assert_eq(access(path, F_OK), 0);
	close(fd);
	unlink(path);
}
