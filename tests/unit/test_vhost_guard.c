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
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

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
	static const uint32_t refused[] = { 0,  21, 22, 23, 24, 25, 26, 27,  28,        29,
					    30, 31, 32, 36, 37, 38, 41, 255, UINT32_MAX };

	for (size_t i = 0; i < RTE_DIM(refused); i++)
		cr_assert_eq(check(refused[i], 64), -EPERM, "request %u", refused[i]);
}

Test(guard, the_ordinary_start_of_a_guest_passes)
{
	cr_assert_eq(check(HSW_VHOST_GET_FEATURES, 0), 0);
	cr_assert_eq(check(HSW_VHOST_SET_FEATURES, 8), 0);
	cr_assert_eq(check(HSW_VHOST_SET_OWNER, 0), 0);
	for (uint32_t ring = 0; ring < 4; ring++) {
		cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_NUM, ring, 1024), 0);
		cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_BASE, ring, 65535), 0);
		cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_ENABLE, ring, 1), 0);
		msg.payload.u64 = ring;
		cr_assert_eq(check(HSW_VHOST_SET_VRING_KICK, 8), 0);
		msg.payload.u64 = ring | 0x100;
		cr_assert_eq(check(HSW_VHOST_SET_VRING_CALL, 8), 0);
	}
	regions_set(8);
	cr_assert_eq(check(HSW_VHOST_SET_MEM_TABLE, 8 + 8 * 32), 0);
	cr_assert_eq(check(HSW_VHOST_SET_STATUS, 8), 0);
}

Test(guard, rings_beyond_the_ports)
{
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 4, 256), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_ENABLE, UINT32_MAX, 1), 0);
	cr_assert_lt(check_ring(HSW_VHOST_GET_VRING_BASE, 4, 0), 0);
	msg.payload.u64 = 4;
	cr_assert_lt(check(HSW_VHOST_SET_VRING_KICK, 8), 0);
	msg.payload.addr.index = 4;
	cr_assert_lt(check(HSW_VHOST_SET_VRING_ADDR, 40), 0);
}

Test(guard, ring_sizes)
{
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 0), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 2048), 0);
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 768), 0);
	msg.payload.u64 = 1ull << 34;
	cr_assert_eq(check(HSW_VHOST_SET_FEATURES, 8), 0);
	cr_assert_eq(check_ring(HSW_VHOST_SET_VRING_NUM, 0, 768), 0, "packed rings may");
	cr_assert_lt(check_ring(HSW_VHOST_SET_VRING_BASE, 0, 65536), 0);
}

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
}

Test(guard, regions_and_their_files)
{
	struct hsw_vhost_region r = { 0, 8192, 0, 4096 };

	msg.fds[0] = memfd_create("region", 0);
	msg.fd_num = 1;
	msg.payload.memory.nregions = 1;
	msg.payload.memory.regions[0] = r;
	cr_assert_eq(ftruncate(msg.fds[0], 12288), 0);
	cr_assert_eq(hsw_guard_check_files(&msg, why, sizeof(why)), 0);
	cr_assert_eq(ftruncate(msg.fds[0], 12287), 0);
	cr_assert_lt(hsw_guard_check_files(&msg, why, sizeof(why)), 0);
	hsw_guard_close_fds(&msg);
	cr_assert_eq(msg.fd_num, 0);
	cr_assert_lt(msg.fds[0], 0);
}

Test(guard, this_librte_vhost_is_known)
{
	cr_assert(hsw_guard_supported(why, sizeof(why)), "%s", why);
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

	/* The same with files long enough is taken: the next request is answered. */
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
