/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A network function on the kernel's path, to be measured by tests/perf/kernel: sends out of one
 * interface what comes in at the other, by packet sockets. It is no straw man: receives from a
 * mapped ring, sends in batches straight from there, past the queueing discipline. One thread.
 *
 * usage: af-packet-forward LEFT RIGHT
 * Ten times a second it prints: nanoseconds (CLOCK_MONOTONIC), packets sent, nanoseconds asleep.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define FRAME_BYTES 2048u
#define FRAMES 4096u
#define BLOCK_BYTES (64u * FRAME_BYTES)
#define BATCH 64u
#define REPORT_NS 100000000ULL

struct side {
	int fd;
	uint8_t *ring;
	uint32_t next;
};

static volatile sig_atomic_t ended;

static void on_signal(int signum)
{
	(void)signum;
	ended = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int option_set(int fd, int name, const void *value, size_t size)
{
	return setsockopt(fd, SOL_PACKET, name, value, (socklen_t)size);
}

static int side_options(int fd)
{
	struct tpacket_req ring = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = FRAMES * FRAME_BYTES / BLOCK_BYTES,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = FRAMES,
	};
	int version = TPACKET_V2, yes = 1;

	/* Without the first option the socket would receive what it sends. */
	if (option_set(fd, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) < 0 ||
	    option_set(fd, PACKET_QDISC_BYPASS, &yes, sizeof(yes)) < 0 ||
	    option_set(fd, PACKET_VERSION, &version, sizeof(version)) < 0)
		return -errno;
	return option_set(fd, PACKET_RX_RING, &ring, sizeof(ring)) < 0 ? -errno : 0;
}

static int side_open(struct side *side, const char *ifname)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(ifname),
	};
	int ret;

	if (at.sll_ifindex == 0)
		return -errno;
	/* Protocol 0: nothing is received before the ring is there and the interface is bound. */
	side->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (side->fd < 0)
		return -errno;
	ret = side_options(side->fd);
	if (ret < 0)
		return ret;
	side->ring = mmap(NULL, FRAMES * FRAME_BYTES, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, side->fd, 0);
	if (side->ring == MAP_FAILED)
		return -errno;
	return bind(side->fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
}

static struct tpacket2_hdr *frame_at(const struct side *side, uint32_t number)
{
	return (struct tpacket2_hdr *)(void *)(side->ring + number % FRAMES * FRAME_BYTES);
}

/* Messages that point to the frames which are there; how many. */
static unsigned int frames_collect(const struct side *from, struct mmsghdr *msgs, struct iovec *iov)
{
	unsigned int n;

	for (n = 0; n < BATCH; n++) {
		struct tpacket2_hdr *frame = frame_at(from, from->next + n);

		if ((__atomic_load_n(&frame->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0)
			break;
		iov[n] = (struct iovec){ (uint8_t *)frame + frame->tp_mac, frame->tp_snaplen };
		msgs[n] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov[n], .msg_iovlen = 1 } };
	}
	return n;
}

/* One batch from one side to the other: frames seen; *sent grows by those that were sent. */
static unsigned int side_forward(struct side *from, const struct side *to, uint64_t *sent)
{
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	unsigned int n = frames_collect(from, msgs, iov);
	int done;

	if (n == 0)
		return 0;
	done = sendmmsg(to->fd, msgs, n, MSG_DONTWAIT);
	*sent += done > 0 ? (uint64_t)done : 0;
	for (unsigned int i = 0; i < n; i++)
		__atomic_store_n(&frame_at(from, from->next + i)->tp_status, TP_STATUS_KERNEL,
				 __ATOMIC_RELEASE);
	from->next += n;
	return n;
}

static uint64_t sleep_until_frames(const struct side *sides)
{
	struct pollfd fds[2] = { { sides[0].fd, POLLIN, 0 }, { sides[1].fd, POLLIN, 0 } };
	uint64_t before = now_ns();

	poll(fds, 2, 50);
	return now_ns() - before;
}

static void forward(struct side *sides)
{
	uint64_t sent = 0, asleep = 0, due = 0;

	while (!ended) {
		unsigned int seen = side_forward(&sides[0], &sides[1], &sent);
		uint64_t now = now_ns();

		seen += side_forward(&sides[1], &sides[0], &sent);
		if (seen == 0)
			asleep += sleep_until_frames(sides);
		if (now >= due) {
			printf("%llu %llu %llu\n", (unsigned long long)now,
			       (unsigned long long)sent, (unsigned long long)asleep);
			fflush(stdout);
			due = now + REPORT_NS;
		}
	}
}

int main(int argc, char **argv)
{
	struct side sides[2] = { { .fd = -1 }, { .fd = -1 } };

	if (argc != 3) {
		fprintf(stderr, "usage: af-packet-forward LEFT RIGHT\n");
		return 2;
	}
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	for (int i = 0; i < 2; i++) {
		int ret = side_open(&sides[i], argv[i + 1]);

		if (ret < 0) {
			fprintf(stderr, "%s: %s\n", argv[i + 1], strerror(-ret));
			return 1;
		}
	}
	forward(sides);
	return 0;
}
