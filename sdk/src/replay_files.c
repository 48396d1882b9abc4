/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See replay_files.h. "PORT=FILE" is taken apart here; files are told apart by what they are, not
 * by how their path is written.
 */

#include "replay_files.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay_input.h"
#include "vnf_priv.h"

struct check {
	struct vnf *vnf;
	const char *option; /* that is looked at */
	const char *value;
	int ret;
};

static void refuse(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void refuse(struct check *c, const char *format, ...)
{
	char why[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	fprintf(stderr, "%s: %s %s: %s\n", c->vnf->program->name, c->option, c->value, why);
	c->ret = -EINVAL;
}

static void refuse_port(struct check *c, int len)
{
	char names[512] = "";
	size_t at = 0;

	for (uint16_t i = 0; i < c->vnf->n_ports && at < sizeof(names) - 40; i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s\"%s\"",
				       i > 0 ? ", " : "", c->vnf->ports[i].port.name);
	refuse(c, "no port is named \"%.*s\"; the file's are %s", len, c->value, names);
}

/* The port of "PORT=FILE" and the file; NULL after saying what is wrong. */
static struct vnf_port *port_of(struct check *c, const char **path)
{
	int len = (int)strcspn(c->value, "=");

	*path = c->value + len + 1;
	for (uint16_t i = 0; i < c->vnf->n_ports; i++) {
		struct vnf_port *port = &c->vnf->ports[i].port;

		if ((int)strlen(port->name) == len &&
		    memcmp(port->name, c->value, (size_t)len) == 0)
			return port;
	}
	refuse_port(c, len);
	return NULL;
}

/* The first file that is named for the port among "PORT=FILE", or NULL. */
static const char *file_of(const char *const *files, size_t n, const struct vnf_port *port)
{
	size_t len = strlen(port->name);

	for (size_t i = 0; i < n; i++)
		if (strncmp(files[i], port->name, len) == 0 && files[i][len] == '=')
			return files[i] + len + 1;
	return NULL;
}

static void input_read(struct check *c, struct replay_inputs *in)
{
	const char *path;
	const struct vnf_port *port = port_of(c, &path);
	char why[WHY_MAX * 2];

	if (port == NULL)
		return;
	if (file_of(c->vnf->options.replay.replay, c->vnf->options.replay.n_replay, port) != path) {
		refuse(c, "port \"%s\" has a file already; a port replays one", port->name);
		return;
	}
	if (replay_inputs_read(in, port, path, why, sizeof(why)) < 0) {
		refuse(c, "%s", why);
		return;
	}
	if (in->frames[port->id].refused > 0)
		fprintf(stderr,
			"%s: %s %s: %llu frames are left out: cut short when captured, or longer "
			"than an MTU of %u allows\n",
			c->vnf->program->name, c->option, c->value,
			(unsigned long long)in->frames[port->id].refused, port->mtu);
}

/* The folder of a file that is not there yet. */
static bool folder_writable(const char *path)
{
	char *copy = strdup(path);
	bool yes = copy != NULL && access(dirname(copy), W_OK | X_OK) == 0;
	int error = errno;

	free(copy);
	errno = error;
	return yes;
}

static void output_check(struct check *c, const char *path)
{
	struct stat st;

	if (path[0] == '\0' || path[strlen(path) - 1] == '/')
		refuse(c, "no file is named");
	else if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && stat(path, &st) < 0)
		refuse(c, "is a link to nothing");
	else if (stat(path, &st) < 0 ? !folder_writable(path) : access(path, W_OK) < 0)
		refuse(c, "cannot be written: %s", strerror(errno));
	else if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		refuse(c, "is not a regular file");
}

/* ---- every file once ---- */

/* All files of the command line, with the option that names each. */
struct named {
	const char *option;
	const char *value;
	const char *path;
	bool writes;
};

/* The path without links and detours; of a file that is not there yet "FOLDER/NAME". "" if not even
 * the folder is there.
 */
static void path_whole(const char *path, char whole[PATH_MAX])
{
	char *dir = strdup(path), *name = strdup(path);
	char folder[PATH_MAX];

	whole[0] = '\0';
	if (dir == NULL || name == NULL || realpath(path, whole) != NULL)
		goto done;
	whole[0] = '\0';
	if (realpath(dirname(dir), folder) != NULL &&
	    snprintf(whole, PATH_MAX, "%s/%s", folder, basename(name)) >= PATH_MAX)
		whole[0] = '\0';
done:
	free(dir);
	free(name);
}

static bool same_file(const char *a, const char *b)
{
	char whole_a[PATH_MAX], whole_b[PATH_MAX];
	struct stat x, y;

	path_whole(a, whole_a);
	path_whole(b, whole_b);
	if (strcmp(a, b) == 0 || (whole_a[0] != '\0' && strcmp(whole_a, whole_b) == 0))
		return true;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static const char *path_of(const char *value)
{
	return value + strcspn(value, "=") + 1;
}

static size_t files_list(const struct options *o, struct named *files)
{
	const struct replay_options *r = &o->replay;
	size_t n = 0;

	files[n++] = (struct named){ "--config", o->config_path, o->config_path, false };
	for (size_t i = 0; i < r->n_replay; i++)
		files[n++] =
			(struct named){ "--replay", r->replay[i], path_of(r->replay[i]), false };
	for (size_t i = 0; i < r->n_record; i++)
		files[n++] =
			(struct named){ "--record", r->record[i], path_of(r->record[i]), true };
	if (r->verdicts != NULL)
		files[n++] = (struct named){ "--verdicts", r->verdicts, r->verdicts, true };
	if (o->report_path != NULL)
		files[n++] = (struct named){ "--report", o->report_path, o->report_path, true };
	return n;
}

/* None that is written is read or written by another. */
static void overlaps_check(struct check *c)
{
	static struct named files[2 * VNF_PORTS_MAX + 3];
	size_t n = files_list(&c->vnf->options, files);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++) {
			if ((!files[i].writes && !files[j].writes) ||
			    !same_file(files[i].path, files[j].path))
				continue;
			c->option = files[i].option;
			c->value = files[i].value;
			refuse(c, "is also the file of %s", files[j].option);
		}
}

int replay_files_check(struct vnf *vnf, struct replay_inputs *in)
{
	const struct replay_options *r = &vnf->options.replay;
	struct check c = { .vnf = vnf, .option = "--replay" };
	const char *path;

	for (size_t i = 0; i < r->n_replay; i++) {
		c.value = r->replay[i];
		input_read(&c, in);
	}
	c.option = "--record";
	for (size_t i = 0; i < r->n_record; i++) {
		const struct vnf_port *port;

		c.value = r->record[i];
		port = port_of(&c, &path);
		if (port != NULL && replay_record_path(vnf, port) != path)
			refuse(&c, "port \"%s\" has a record already", port->name);
		if (port != NULL)
			output_check(&c, path);
	}
	c.option = "--verdicts";
	c.value = r->verdicts;
	if (r->verdicts != NULL)
		output_check(&c, r->verdicts);
	c.option = "--report";
	c.value = vnf->options.report_path;
	if (c.value != NULL)
		output_check(&c, c.value);
	overlaps_check(&c);
	return c.ret;
}

const char *replay_record_path(const struct vnf *vnf, const struct vnf_port *port)
{
	return file_of(vnf->options.replay.record, vnf->options.replay.n_record, port);
}
