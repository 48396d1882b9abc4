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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

#include "lock_file.h"
#include "port_ethdev.h"
#include "port_kinds.h"
#include "unix_socket.h"
#include "vnf_priv.h"

/* PATH and ".lock" */
#define LOCK_PATH_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) + 8)
/* How often the connection is looked at while the port is up, and while it is not. */
#define CHECK_UP_NS 100000000ULL
#define CHECK_DOWN_NS 20000000ULL
/* How long a connection and the link may disagree. A handshake takes milliseconds. */
#define PATIENCE_NS 2000000000ULL
/* How long workers are waited for when the peer has gone. */
#define LEAVE_NS 100000000ULL
/* How long DPDK's interrupt thread may take before its connections are cut. */
#define ERRAND_WAIT_S 1
/* How often that is done before a program that is to stop ends without it. */
#define ERRAND_TRIES 5

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
	uint32_t offloads; /* enum vnf_offloads */
	bool packed;
};

struct virtio_user {
	struct ethdev dev; /* first: the common part */
	char lock_path[LOCK_PATH_MAX];
	bool claimed;               /* we have the right to the path */
	int lock_fd;                /* of PATH.lock, while claimed */
	uint32_t opening;           /* between open's beginning and end; release by the opener */
	uint32_t cancelled;         /* set by control, read by the opener */
	uint32_t shared;            /* the socket has its owner and mode; reset by each open */
	bool announced;             /* "waiting for ..." was said */
	uint64_t next_check_ns;     /* of the connection */
	uint64_t odd_since_ns;      /* when connection and link began to disagree; 0 = they agree */
	struct vnf_log_limit limit; /* of the opening thread's lines */
	struct vnf_log_limit said;  /* of the control thread's */
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
	  .check = check_user,
	  .doc = "User that the server's socket is given to; without it, that of the process." },
	{ .name = "group",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct virtio_user_spec, group),
	  .check = check_group,
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
	VNF_OFFLOADS_KEY(struct virtio_user_spec, offloads, "none"),
	{ .name = NULL },
};

static const struct virtio_user_spec *spec_of(const struct vnf_port *port)
{
	return port->spec->kind_spec;
}

uint32_t port_virtio_user_offloads(const void *spec)
{
	return ((const struct virtio_user_spec *)spec)->offloads;
}

static void virtio_user_need(const struct vnf_port *port, struct vnf_port_need *need)
{
	uint32_t ring = spec_of(port)->queue_size;

	need->mbufs = port->n_queues * 2u * ring;
	need->bytes = port->n_queues * 2ull * ring * 128 + (1u << 20);
	need->shared = true;
	if (spec_of(port)->offloads == VNF_OFFLOADS_TSO)
		ethdev_need_tso(port, need);
}

static void virtio_user_claims(const struct vnf_port_spec *port, struct vnf_claims *claims)
{
	const struct virtio_user_spec *spec = port->kind_spec;
	char lock[LOCK_PATH_MAX];

	vnf_claim_file(claims, &spec->socket, spec->socket, false);
	if (spec->mode != MODE_SERVER)
		return;
	snprintf(lock, sizeof(lock), "%s.lock", spec->socket);
	vnf_claim_file(claims, &spec->socket, lock, false);
}

static bool is_cancelled(const struct virtio_user *vu)
{
	return __atomic_load_n(&vu->cancelled, __ATOMIC_ACQUIRE) != 0;
}

/* ---- opening: the port's own thread ---- */

/* The right to serve the path. A socket that lies there under our lock and that nobody listens to
 * is left over from a crash; anything else is somebody's and stays.
 */
static int socket_claim(const struct vnf_port *port, struct virtio_user *vu)
{
	const char *path = spec_of(port)->socket;
	struct stat st;
	int ret;

	if (vu->claimed)
		return 0;
	snprintf(vu->lock_path, sizeof(vu->lock_path), "%s.lock", path);
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		vnf_error("port \"%s\": %s exists and is not a socket; name another path",
			  port->name, path);
		return -EEXIST;
	}
	ret = lock_file_take(vu->lock_path, 0600);
	if (ret >= 0 && unix_socket_listening(path)) {
		unlink(vu->lock_path);
		close(ret);
		ret = -EWOULDBLOCK;
	}
	if (ret == -EWOULDBLOCK) {
		vnf_error("port \"%s\": %s is served by another process; stop it, or name another "
			  "path",
			  port->name, path);
		return -EADDRINUSE;
	}
	if (ret < 0) {
		vnf_error("port \"%s\": cannot create %s: %s; its directory must exist and be "
			  "writable",
			  port->name, vu->lock_path, strerror(-ret));
		return ret;
	}
	vu->lock_fd = ret;
	vu->claimed = true;
	leftover_add(path);
	leftover_add(vu->lock_path);
	return 0;
}

static void socket_release(const struct vnf_port *port, struct virtio_user *vu)
{
	const char *path = spec_of(port)->socket;

	if (!vu->claimed)
		return;
	unlink(path);
	unlink(vu->lock_path);
	leftover_forget(path);
	leftover_forget(vu->lock_path);
	close(vu->lock_fd);
	vu->claimed = false;
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

/* Take the device off DPDK's list too, or its name could not be used again. */
static void device_remove(struct vnf_port *port, struct virtio_user *vu)
{
	struct rte_eth_dev_info info = { .device = NULL };

	if (!vu->dev.attached)
		return;
	if (rte_eth_dev_info_get(vu->dev.port_id, &info) < 0)
		info.device = NULL;
	ethdev_close(port);
	if (info.device != NULL)
		rte_dev_remove(info.device);
}

/* A peer that connects and goes, that speaks something else or has fewer queues is no reason to
 * stop: it may be on its way up. What DPDK could not do by itself is.
 */
static int open_failed(struct vnf_port *port, struct virtio_user *vu, int ret)
{
	const struct virtio_user_spec *spec = spec_of(port);
	bool ours = vu->dev.attached;

	device_remove(port, vu);
	if (spec->mode == MODE_SERVER) {
		/* It leaves its sockets open, and had one only if binding went well. */
		ours = ours || access(spec->socket, F_OK) != 0;
		unix_socket_reclaim(spec->socket);
		unlink(spec->socket);
	}
	if (is_cancelled(vu))
		return -ECANCELED;
	if (ours) {
		vnf_error("port \"%s\": virtio-user on %s did not start: %s; -v shows DPDK's own "
			  "messages",
			  port->name, spec->socket, strerror(-ret));
		return ret != -EAGAIN ? ret : -EIO;
	}
	vnf_log_limited(&vu->limit, VNF_LOG_WARNING,
			"port \"%s\": the peer at %s did not finish the handshake; does it speak "
			"vhost-user, with %u queue pair%s? Waiting for the next",
			port->name, spec->socket, port->n_queues, port->n_queues == 1 ? "" : "s");
	return -EAGAIN;
}

/* A back end that is not there yet is no fault. */
static int client_wait(struct vnf_port *port, struct virtio_user *vu)
{
	static const struct timespec step = { .tv_nsec = 50000000 };
	const char *path = spec_of(port)->socket;

	while (!is_cancelled(vu)) {
		struct stat st;

		if (stat(path, &st) == 0 && S_ISSOCK(st.st_mode))
			return 0;
		nanosleep(&step, NULL);
		__atomic_store_n(&port->waiting, 1, __ATOMIC_RELEASE);
	}
	return -ECANCELED;
}

static bool link_is_up(const struct virtio_user *vu)
{
	struct rte_eth_link link;

	return __atomic_load_n(&vu->dev.started, __ATOMIC_ACQUIRE) &&
	       rte_eth_link_get_nowait(vu->dev.port_id, &link) == 0 &&
	       link.link_status == RTE_ETH_LINK_UP;
}

/* The peer has gone. With packed rings DPDK resets them a millisecond after it comes back, so the
 * workers leave now. Context: DPDK's interrupt thread.
 */
static int link_event(uint16_t port_id, enum rte_eth_event_type type, void *arg, void *result)
{
	struct vnf_port *port = arg;

	(void)port_id;
	(void)type;
	(void)result;
	if (link_is_up(port->priv))
		return 0;
	vnf_port_set_up(port, false);
	vnf_quiesce(port->vnf, LEAVE_NS);
	return 0;
}

static int virtio_user_open(struct vnf_port *port)
{
	const struct virtio_user_spec *spec = spec_of(port);
	struct virtio_user *vu = port->priv;
	char name[32], args[512];
	int ret;

	vu->dev.ring = (uint16_t)spec->queue_size;
	vu->dev.offloads = spec->offloads;
	vu->dev.virtual_peer = true;
	ret = spec->mode == MODE_SERVER ? socket_claim(port, vu) : client_wait(port, vu);
	if (ret < 0)
		return ret;
	if (spec->mode == MODE_SERVER)
		unlink(spec->socket);
	__atomic_store_n(&vu->shared, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&vu->opening, 1, __ATOMIC_RELEASE);
	snprintf(name, sizeof(name), "net_virtio_user%u", port->id);
	args_make(port, name, args, sizeof(args));
	ret = ethdev_open(port, &vu->dev, name, args);
	if (ret < 0)
		ret = open_failed(port, vu, ret);
	else
		rte_eth_dev_callback_register(vu->dev.port_id, RTE_ETH_EVENT_INTR_LSC, link_event,
					      port);
	__atomic_store_n(&vu->opening, 0, __ATOMIC_RELEASE);
	if (ret < 0 && ret != -EAGAIN)
		socket_release(port, vu);
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

/* The socket is there, or the switch's is awaited: DPDK's device list is behind us. */
static void waiting_note(struct vnf_port *port, struct virtio_user *vu)
{
	const struct virtio_user_spec *spec = spec_of(port);
	struct stat st;

	if (spec->mode == MODE_SERVER && __atomic_load_n(&vu->shared, __ATOMIC_ACQUIRE) == 0) {
		if (lstat(spec->socket, &st) < 0 || !S_ISSOCK(st.st_mode))
			return;
		socket_share(port, spec);
		__atomic_store_n(&vu->shared, 1, __ATOMIC_RELEASE);
		__atomic_store_n(&port->waiting, 1, __ATOMIC_RELEASE);
	}
	if (vu->announced || __atomic_load_n(&port->waiting, __ATOMIC_ACQUIRE) == 0)
		return;
	vu->announced = true;
	vnf_log_limited(&vu->said, VNF_LOG_NOTICE, "port \"%s\": waiting for a vhost-user %s at %s",
			port->name, spec->mode == MODE_SERVER ? "client" : "server", spec->socket);
}

/* A peer that is connected and does not bring the link up holds DPDK's interrupt thread, and with
 * it all other ports: it is cut off. A link without a peer is one that DPDK lost track of.
 */
static void disagreement(struct vnf_port *port, struct virtio_user *vu, bool connected)
{
	const char *path = spec_of(port)->socket;

	vu->odd_since_ns = 0;
	if (connected) {
		vnf_log_limited(
			&vu->said, VNF_LOG_WARNING,
			"port \"%s\": the peer at %s is connected and silent; it is cut off",
			port->name, path);
		unix_connection_cut(path);
	} else {
		vnf_log_limited(
			&vu->said, VNF_LOG_NOTICE,
			"port \"%s\": lost its peer at %s in mid-handshake; opening it again",
			port->name, path);
		__atomic_store_n(&port->broken, 1, __ATOMIC_RELEASE);
	}
}

/* DPDK goes on with what both have in common, but our driver with what it was set up for: it would
 * leave checksums to a peer that does not look.
 */
static void peer_changed(struct vnf_port *port, struct virtio_user *vu)
{
	vnf_log_limited(
		&vu->said, VNF_LOG_NOTICE,
		"port \"%s\": the peer at %s came back with other offloads; opening it again",
		port->name, spec_of(port)->socket);
	__atomic_store_n(&port->broken, 1, __ATOMIC_RELEASE);
}

static void virtio_user_poll(struct vnf_port *port)
{
	struct virtio_user *vu = port->priv;
	uint64_t now = vnf_clock_now();
	bool up, connected;

	if (__atomic_load_n(&vu->opening, __ATOMIC_ACQUIRE) != 0 ||
	    spec_of(port)->mode == MODE_CLIENT)
		waiting_note(port, vu);
	if (now < vu->next_check_ns)
		return;
	up = link_is_up(vu);
	connected = unix_connection_alive(spec_of(port)->socket);
	vu->next_check_ns = now + (up ? CHECK_UP_NS : CHECK_DOWN_NS);
	if (up && connected && !vnf_port_is_up(port) && !ethdev_is_as_agreed(&vu->dev)) {
		peer_changed(port, vu);
		return;
	}
	vnf_port_set_up(port, up && connected);
	if (connected)
		__atomic_store_n(&port->waiting, 1, __ATOMIC_RELEASE);
	if (up == connected)
		vu->odd_since_ns = 0;
	else if (vu->odd_since_ns == 0)
		vu->odd_since_ns = now;
	else if (now - vu->odd_since_ns > PATIENCE_NS)
		disagreement(port, vu, connected);
}

/* Ends what a blocked open waits for: the first connection, or the peer's next word. */
static void virtio_user_cancel(struct vnf_port *port)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct virtio_user_spec *spec = spec_of(port);
	struct virtio_user *vu = port->priv;
	int fd;

	__atomic_store_n(&vu->cancelled, 1, __ATOMIC_RELEASE);
	log_quiet_dpdk(true);
	unix_connection_cut(spec->socket);
	if (spec->mode != MODE_SERVER || __atomic_load_n(&vu->opening, __ATOMIC_ACQUIRE) == 0)
		return;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", spec->socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		vnf_debug("port \"%s\": connect to %s: %s", port->name, address.sun_path,
			  strerror(errno));
	close(fd);
}

/* ---- which way packets take ---- */

static void virtio_user_explain(const struct vnf_port *port, struct vnf_port_path *path)
{
	struct virtio_path chosen;

	if (!ethdev_explain_virtio(port, path, &chosen))
		return;
	if (chosen.packed)
		snprintf(path->change, sizeof(path->change), "packed = false: split rings");
	else if (!spec_of(port)->packed)
		snprintf(path->change, sizeof(path->change),
			 "packed = true: packed rings, if the peer offers them");
	else
		snprintf(path->why, sizeof(path->why),
			 "packed = true, but the peer offers no packed rings");
}

/* ---- stopping ---- */

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

/* The interrupt thread is at the mercy of whatever peer it talks to, ours or another port's. */
static void connections_cut(const struct vnf *vnf)
{
	for (uint16_t i = 0; i < vnf_port_count(vnf); i++) {
		const struct vnf_port *port = vnf_port(vnf, i);

		if (port != NULL && port->kind == &vnf_port_kind_virtio_user)
			unix_connection_cut(spec_of(port)->socket);
	}
}

static bool errand_is_done(struct errand *errand)
{
	struct timespec until;
	int ret;

	clock_deadline(ERRAND_WAIT_S * VNF_SECOND_NS, &until);
	do
		ret = sem_clockwait(&errand->done, CLOCK_MONOTONIC, &until);
	while (ret < 0 && errno == EINTR);
	return ret == 0;
}

/* The errand cannot be taken back. So where one that never ends is of a port that is closed while
 * the program runs, it is waited for until a stop is asked for.
 */
static void errand_wait(struct errand *errand)
{
	struct vnf *vnf = errand->port->vnf;

	for (unsigned int tries = 1; !errand_is_done(errand); tries++) {
		connections_cut(vnf);
		if (tries >= ERRAND_TRIES && vnf->stop_asked != NULL && vnf->stop_asked(vnf))
			program_end_stuck("DPDK's interrupt thread did not close a virtio-user "
					  "port within 5 s");
	}
}

/* DPDK takes a connection down on its interrupt thread, so that is where the device is stopped and
 * closed. Meanwhile DPDK complains about each message to a peer that is not there.
 */
static void run_beside_interrupts(void (*step)(struct vnf_port *port), struct vnf_port *port)
{
	struct errand errand = { .step = step, .port = port };

	log_quiet_dpdk(true);
	sem_init(&errand.done, 0, 0);
	if (rte_eal_alarm_set(1, errand_run, &errand) == 0)
		errand_wait(&errand);
	else
		step(port);
	sem_destroy(&errand.done);
	log_quiet_dpdk(false);
}

static void device_close(struct vnf_port *port)
{
	device_remove(port, port->priv);
}

/* When the peer goes, DPDK's interrupt thread sets itself an alarm that closes the connection and
 * watches the listening socket from then on. Were the device stopped before that alarm has run, it
 * would be watched for ever, closed or not, and the thread ends the process when it finds out; were
 * it closed before, the alarm would find freed memory. So the connection and the listening are
 * ended first, and the alarms waited for: the connection's descriptor is closed when they have run.
 */
static void connection_end(const struct vnf_port *port)
{
	static const struct timespec step = { .tv_nsec = 5000000 };
	const char *path = spec_of(port)->socket;
	bool server = spec_of(port)->mode == MODE_SERVER;

	unix_listener_cut(path);
	unix_connection_cut(path);
	nanosleep(&step, NULL);
	for (int i = 0; i < 40 && server && unix_connection_open(path); i++) {
		unix_connection_cut(path);
		nanosleep(&step, NULL);
	}
	nanosleep(&step, NULL);
}

static void virtio_user_stop(struct vnf_port *port)
{
	log_quiet_dpdk(true);
	connection_end(port);
	run_beside_interrupts(ethdev_stop, port);
}

/* Also of a device that could not be started, and so is not stopped. */
static void virtio_user_close(struct vnf_port *port)
{
	struct virtio_user *vu = port->priv;

	log_quiet_dpdk(true);
	connection_end(port);
	run_beside_interrupts(device_close, port);
	socket_release(port, vu);
	vu->odd_since_ns = 0;
	vu->announced = false;
}

const struct vnf_port_kind vnf_port_kind_virtio_user = {
	.name = "virtio-user",
	.doc = "virtio-net in this process, behind a vhost-user switch on this machine",
	.keys = virtio_user_keys,
	.spec_size = sizeof(struct virtio_user_spec),
	.priv_size = sizeof(struct virtio_user),
	.flags = VNF_KIND_OPEN_BLOCKS | VNF_KIND_ETHDEV,
	.queues_max = VNF_QUEUES_MAX,
	.claims = virtio_user_claims,
	.need = virtio_user_need,
	.open = virtio_user_open,
	.cancel = virtio_user_cancel,
	.start = ethdev_start,
	.poll = virtio_user_poll,
	.missed = ethdev_missed,
	.explain = virtio_user_explain,
	.stop = virtio_user_stop,
	.close = virtio_user_close,
};
