/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * libFuzzer target for configuration files: any bytes, against a schema that uses every type. What
 * loads is dumped, loaded again and dumped again, and both dumps must agree but for the marks of
 * defaults. Build with -fsanitize=fuzzer,address,undefined; seeds in corpus/config.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vnf/config.h>

#include "config_priv.h"

struct kind_a {
	uint8_t mac[6];
	uint32_t mode;
};

struct kind_b {
	const char *path;
	struct vnf_config_u32s cpus;
};

struct item {
	const char *name;
	uint32_t kind;
	void *data;
};

struct group {
	uint64_t bytes, count, duration;
};

struct top {
	bool flag;
	uint32_t u32;
	uint64_t u64;
	uint32_t word;
	const char *text;
	struct group group;
	struct vnf_config_strings strings;
	struct vnf_config_list items, plain;
};

#define KEY(n, t, s, f) .name = n, .type = VNF_CONFIG_##t, .offset = offsetof(struct s, f)

static const char *const words[] = { "one", "two", "three", NULL };

static const struct vnf_config_key a_keys[] = {
	{ KEY("m", MAC, kind_a, mac), .doc = "m" },
	{ KEY("o", MODE, kind_a, mode), .def = "0660", .doc = "o" },
	{ .name = NULL },
};

static const struct vnf_config_key b_keys[] = {
	{ KEY("p", STRING, kind_b, path), .flags = VNF_CONFIG_REQUIRED, .min = 1, .doc = "p" },
	{ KEY("c", U32S, kind_b, cpus), .max = 4, .def = "1, 2", .doc = "c" },
	{ .name = NULL },
};

static const struct vnf_config_variant kinds[] = {
	{ "a", a_keys, sizeof(struct kind_a), "a" },
	{ "b", b_keys, sizeof(struct kind_b), "b" },
	{ NULL, NULL, 0, NULL },
};

static const struct vnf_config_variants variants = {
	.key = "k",
	.index_offset = offsetof(struct item, kind),
	.data_offset = offsetof(struct item, data),
	.variants = kinds,
};

static const struct vnf_config_key item_keys[] = {
	{ KEY("n", STRING, item, name), .max = 8, .doc = "n" },
	{ .name = NULL },
};

static const struct vnf_config_key group_keys[] = {
	{ KEY("b", BYTES, group, bytes), .def = "1k", .doc = "b" },
	{ KEY("c", COUNT, group, count), .min = 1, .max = 1000000, .doc = "c" },
	{ KEY("d", DURATION, group, duration), .def = "1h1s", .doc = "d" },
	{ .name = NULL },
};

static const struct vnf_config_key top_keys[] = {
	{ KEY("f", BOOL, top, flag), .doc = "f" },
	{ KEY("i", U32, top, u32), .doc = "i" },
	{ KEY("l", U64, top, u64), .doc = "l" },
	{ KEY("w", ENUM, top, word), .choices = words, .doc = "w" },
	{ KEY("t", STRING, top, text), .doc = "t" },
	{ KEY("g", GROUP, top, group), .keys = group_keys, .doc = "g" },
	{ KEY("s", STRINGS, top, strings), .doc = "s" },
	{ KEY("v", LIST, top, items), .keys = item_keys, .size = sizeof(struct item),
	  .variants = &variants, .doc = "v" },
	{ KEY("p", LIST, top, plain), .keys = group_keys, .size = sizeof(struct group),
	  .doc = "p" },
	{ .name = NULL },
};

static const struct vnf_config_section section = { "Top", top_keys, sizeof(struct top) };

/* A file of the bytes; the path is valid until the descriptor is closed. */
static int memory_file(const void *data, size_t size, char path[64])
{
	int fd = memfd_create("config", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static struct vnf_config *load(const void *data, size_t size)
{
	struct vnf_config *config;
	char path[64];
	int fd = memory_file(data, size, path);
	int ret = vnf_config_load(path, &section, 1, &config);

	close(fd);
	if (config == NULL || (ret < 0) != (vnf_config_error_count(config) > 0))
		abort();
	return config;
}

static char *dump(const struct vnf_config *config)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	vnf_config_print_errors(config, f);
	if (vnf_config_error_count(config) == 0) {
		vnf_config_dump(config, f);
		json_decref(cfg_json(config->roots[0]));
	}
	fclose(f);
	return text;
}

/* Only lines of its own form: a string cannot have a newline in a dump. */
static void strip_marks(char *text)
{
	static const char mark[] = "; # default\n";
	char *at;

	while ((at = strstr(text, mark)) != NULL)
		memmove(at + 1, at + sizeof(mark) - 2, strlen(at + sizeof(mark) - 2) + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vnf_config *config = load(data, size), *again;
	char *first = dump(config), *second;

	if (vnf_config_error_count(config) == 0) {
		again = load(first, strlen(first));
		second = dump(again);
		strip_marks(first);
		strip_marks(second);
		if (strcmp(first, second) != 0)
			abort();
		vnf_config_destroy(again);
		free(second);
	}
	free(first);
	vnf_config_destroy(config);
	return 0;
}
