/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Port kind virtio-user: DPDK's virtio-net driver in this process, behind a vhost-user back end in
 * another (vnf-switch, OVS-DPDK, testpmd).
 *
 * Server mode is the default: we own the socket and the back end connects, so that a back end that
 * was restarted finds us again; as a client virtio-user never reconnects. A server's opening blocks
 * in accept(), so this runs on the port's own thread; poll() on the control thread notices the
 * socket, gives it owner, group and mode, and cancel() ends the wait by connecting to it. Whether
 * another process serves the socket is asked by a lock on PATH.lock, not by connecting: its backlog
 * is one.
 */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_ethdev.h>

#include "port_ethdev.h"
#include "port_kinds.h"
#include "vnf_priv.h"

enum virtio_user_mode {
	MODE_SERVER,
	MODE_CLIENT,
};

static const char *const mode_words[] = { "server", "client", NULL };

struct virtio_user_spec {
	const char *socket;
	uint32_t mode;
	const char *owner;
	const char *group;
	uint32_t access;
	uint32_t queue_size;
	bool packed;
};

struct virtio_user {
	struct ethdev dev; /* first: the common part */
	const struct virtio_user_spec *spec;
	char lock_path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 8];
	int lock_fd;
	uint32_t cancelled; /* set by control, read by the opening thread */
	bool announced;
};

static int check_socket(const void *field, char *why, size_t why_size)
{
	const char *path = *(const char *const *)field;
	size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (strlen(path) > most) {
		snprintf(why, why_size, "is %zu bytes long, a socket's path has at most %zu",
			 strlen(path), most);
		return -EINVAL;
	}
	if (strpbrk(path, ",[]=") != NULL) {
		snprintf(why, why_size, "\"%s\" has one of , [ ] = in it, which DPDK cannot take",
			 path);
		return -EINVAL;
	}
	return 0;
}

static int check_queue_size(const void *field, char *why, size_t why_size)
{
	uint32_t n = *(const uint32_t *)field;

	if ((n & (n - 1)) == 0)
		return 0;
	snprintf(why, why_size, "%u is not a power of two", n);
	return -EINVAL;
}

static const struct vnf_config_key virtio_user_keys[] = {
	{ .name = "socket",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct virtio_user_spec, socket),
	  .min = 1,
	  .check = check_socket,
	  .doc = "Path of the vhost-user socket." },
	{ .name = "mode",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct virtio_user_spec, mode),
	  .choices = mode_words,
	  .def = "server",
	  .doc = "server: make the socket and let the switch connect, also after its restart; "
		 "client: connect to a switch that serves it, as to OVS's dpdkvhostuser." },
	{ .name = "owner",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct virtio_user_spec, owner),
	  .doc = "User that the server's socket is given to; without it, that of the process." },
	{ .name = "group",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct virtio_user_spec, group),
	  .doc = "Group that the server's socket is given to; without it, that of the process." },
	{ .name = "access",
	  .type = VNF_CONFIG_MODE,
	  .offset = offsetof(struct virtio_user_spec, access),
	  .max = 0777,
	  .def = "0660",
	  .doc = "File mode of the server's socket; who may write may connect." },
	{ .name = "queue_size",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct virtio_user_spec, queue_size),
	  .min = 64,
	  .max = 32768,
	  .unit = "descriptors",
	  .def = "1024",
	  .check = check_queue_size,
	  .doc = "Length of each ring, a power of two." },
	{ .name = "packed",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct virtio_user_spec, packed),
	  .def = "false",
	  .doc = "Packed instead of split rings; after a crash of the switch packets in them are "
		 "lost." },
	{ .name = NULL },
};

static const struct virtio_user_spec *spec_of(const struct vnf_port *port)
{
	return port->spec->kind_spec;
}

static void virtio_user_need(const struct vnf_port *port, struct vnf_port_need *need)
{
	uint32_t ring = spec_of(port)->queue_size;

	need->mbufs = port->n_queues * 2u * ring;
	need->bytes = port->n_queues * 2ull * ring * 128 + (1u << 20);
	need->shared = true;
}

static bool is_cancelled(const struct virtio_user *vu)
{
	return __atomic_load_n(&vu->cancelled, __ATOMIC_ACQUIRE) != 0;
}

/* The right to serve the path. A socket that lies there under our lock is left over from a crash;
 * anything else is somebody's and stays.
 */
static int socket_claim(const struct vnf_port *port, struct virtio_user *vu)
{
	const char *path = vu->spec->socket;
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		vnf_error("port \"%s\": %s exists and is not a socket; name another path",
			  port->name, path);
		return -EEXIST;
	}
	snprintf(vu->lock_path, sizeof(vu->lock_path), "%s.lock", path);
	vu->lock_fd = open(vu->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (vu->lock_fd < 0) {
		int error = errno;

		vnf_error("port \"%s\": cannot create %s: %s; its directory must exist and be "
			  "writable",
			  port->name, vu->lock_path, strerror(error));
		return -error;
	}
	if (flock(vu->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		vnf_error("port \"%s\": %s is served by another process, which holds %s",
			  port->name, path, vu->lock_path);
		close(vu->lock_fd);
		vu->lock_fd = -1;
		return -EADDRINUSE;
	}
	leftover_add(path);
	leftover_add(vu->lock_path);
	unlink(path);
	return 0;
}

static void socket_release(struct virtio_user *vu)
{
	if (vu->lock_fd < 0)
		return;
	unlink(vu->spec->socket);
	unlink(vu->lock_path);
	leftover_forget(vu->spec->socket);
	leftover_forget(vu->lock_path);
	close(vu->lock_fd);
	vu->lock_fd = -1;
}

static void args_make(const struct vnf_port *port, const char *name, char *args, size_t size)
{
	const struct virtio_user_spec *spec = spec_of(port);
	char mac[RTE_ETHER_ADDR_FMT_SIZE];

	rte_ether_format_addr(mac, sizeof(mac), &port->mac);
	snprintf(args, size,
		 "%s,path=%s,server=%d,queues=%u,cq=1,queue_size=%u,mac=%s,packed_vq=%d", name,
		 spec->socket, spec->mode == MODE_SERVER, port->n_queues, spec->queue_size, mac,
		 spec->packed);
}

/* A quarter of a second in steps, so that a stop is not held up. */
static void client_pause(const struct virtio_user *vu)
{
	static const struct timespec step = { .tv_nsec = 25000000 };

	for (int i = 0; i < 10 && !is_cancelled(vu); i++)
		nanosleep(&step, NULL);
}

/* A back end that is not there yet is no fault: wait for its socket. */
static int client_open(struct vnf_port *port, struct virtio_user *vu, const char *name,
		       const char *args)
{
	int ret = -ECANCELED;

	while (!is_cancelled(vu)) {
		if (access(vu->spec->socket, F_OK) == 0) {
			ret = ethdev_open(port, &vu->dev, name, args);
			if (ret == 0 || vu->dev.attached)
				return ret;
		}
		__atomic_store_n(&port->waiting, 1, __ATOMIC_RELEASE);
		client_pause(vu);
	}
	return ret;
}

static int virtio_user_open(struct vnf_port *port)
{
	const struct virtio_user_spec *spec = spec_of(port);
	struct virtio_user *vu = calloc(1, sizeof(*vu));
	char name[32], args[512];
	int ret = 0;

	if (vu == NULL)
		return -ENOMEM;
	vu->spec = spec;
	vu->dev.ring = (uint16_t)spec->queue_size;
	vu->lock_fd = -1;
	if (spec->mode == MODE_SERVER)
		ret = socket_claim(port, vu);
	if (ret < 0)
		goto fail;
	/* From here on poll() and cancel() may look at it. */
	__atomic_store_n(&port->priv, vu, __ATOMIC_RELEASE);
	snprintf(name, sizeof(name), "net_virtio_user%u", port->id);
	args_make(port, name, args, sizeof(args));
	ret = spec->mode == MODE_SERVER ? ethdev_open(port, &vu->dev, name, args)
					: client_open(port, vu, name, args);
	if (ret == 0)
		return 0;
	if (!is_cancelled(vu))
		vnf_error("port \"%s\": virtio-user on %s did not start: %s; does the peer speak "
			  "vhost-user, with %u queue pairs?",
			  port->name, spec->socket, strerror(-ret), port->n_queues);
	__atomic_store_n(&port->priv, NULL, __ATOMIC_RELEASE);
	if (vu->dev.attached)
		rte_eth_dev_close(vu->dev.port_id);
fail:
	socket_release(vu);
	free(vu);
	return ret;
}

static int id_of(const char *name, bool group, unsigned int *id)
{
	const struct passwd *user = NULL;
	const struct group *grp = NULL;

	if (group)
		grp = getgrnam(name);
	else
		user = getpwnam(name);
	if (user == NULL && grp == NULL)
		return -ENOENT;
	*id = group ? grp->gr_gid : user->pw_uid;
	return 0;
}

/* DPDK makes the socket 0755, so until now nobody but our user could connect. */
static void socket_share(const struct vnf_port *port, const struct virtio_user_spec *spec)
{
	unsigned int uid = (unsigned int)-1, gid = (unsigned int)-1;

	if (spec->owner[0] != '\0' && id_of(spec->owner, false, &uid) < 0)
		vnf_error("port \"%s\": owner \"%s\": no such user", port->name, spec->owner);
	if (spec->group[0] != '\0' && id_of(spec->group, true, &gid) < 0)
		vnf_error("port \"%s\": group \"%s\": no such group", port->name, spec->group);
	if (lchown(spec->socket, uid, gid) < 0)
		vnf_error("port \"%s\": cannot give %s to its owner and group: %s", port->name,
			  spec->socket, strerror(errno));
	if (chmod(spec->socket, spec->access) < 0)
		vnf_error("port \"%s\": cannot set the mode of %s: %s", port->name, spec->socket,
			  strerror(errno));
}

static void waiting_announce(struct vnf_port *port, struct virtio_user *vu)
{
	const struct virtio_user_spec *spec = vu->spec;
	struct stat st;

	if (spec->mode == MODE_SERVER) {
		if (lstat(spec->socket, &st) < 0 || !S_ISSOCK(st.st_mode))
			return;
		socket_share(port, spec);
		__atomic_store_n(&port->waiting, 1, __ATOMIC_RELEASE);
	}
	if (__atomic_load_n(&port->waiting, __ATOMIC_ACQUIRE) == 0)
		return;
	vu->announced = true;
	vnf_notice("port \"%s\": waiting for a vhost-user %s at %s", port->name,
		   spec->mode == MODE_SERVER ? "client" : "server", spec->socket);
}

static void virtio_user_poll(struct vnf_port *port)
{
	struct virtio_user *vu = __atomic_load_n(&port->priv, __ATOMIC_ACQUIRE);

	if (vu == NULL)
		return;
	if (!vu->announced)
		waiting_announce(port, vu);
	ethdev_poll(port);
}

static void virtio_user_cancel(struct vnf_port *port)
{
	struct virtio_user *vu = __atomic_load_n(&port->priv, __ATOMIC_ACQUIRE);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (vu == NULL || is_cancelled(vu))
		return;
	__atomic_store_n(&vu->cancelled, 1, __ATOMIC_RELEASE);
	if (vu->spec->mode != MODE_SERVER)
		return;
	log_quiet_dpdk(true);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", vu->spec->socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		vnf_debug("port \"%s\": connect to %s: %s", port->name, address.sun_path,
			  strerror(errno));
	close(fd);
}

/* A step of the stop, to be done on DPDK's interrupt thread. */
struct errand {
	void (*step)(struct vnf_port *port);
	struct vnf_port *port;
	sem_t done;
};

static void errand_run(void *arg)
{
	struct errand *errand = arg;

	errand->step(errand->port);
	sem_post(&errand->done);
}

/* A peer that goes away makes DPDK's interrupt thread take the connection down, in two steps of
 * which the second is an alarm. Stopping and closing the device on that same thread cannot meet
 * them half-way. Meanwhile DPDK complains about each message to a peer that is not there.
 */
static void run_beside_interrupts(void (*step)(struct vnf_port *port), struct vnf_port *port)
{
	struct errand errand = { .step = step, .port = port };

	log_quiet_dpdk(true);
	sem_init(&errand.done, 0, 0);
	if (rte_eal_alarm_set(1, errand_run, &errand) == 0)
		while (sem_wait(&errand.done) < 0 && errno == EINTR)
			;
	else
		step(port);
	sem_destroy(&errand.done);
	log_quiet_dpdk(false);
}

static void virtio_user_stop(struct vnf_port *port)
{
	run_beside_interrupts(ethdev_stop, port);
}

static void virtio_user_close(struct vnf_port *port)
{
	struct virtio_user *vu = port->priv;

	run_beside_interrupts(ethdev_close, port);
	socket_release(vu);
	port->priv = NULL;
	free(vu);
}

const struct vnf_port_kind vnf_port_kind_virtio_user = {
	.name = "virtio-user",
	.doc = "virtio-net in this process, behind a vhost-user switch on this machine",
	.keys = virtio_user_keys,
	.spec_size = sizeof(struct virtio_user_spec),
	.flags = VNF_KIND_OPEN_BLOCKS,
	.queues_max = VNF_QUEUES_MAX,
	.need = virtio_user_need,
	.open = virtio_user_open,
	.cancel = virtio_user_cancel,
	.start = ethdev_start,
	.poll = virtio_user_poll,
	.missed = ethdev_missed,
	.stop = virtio_user_stop,
	.close = virtio_user_close,
};
