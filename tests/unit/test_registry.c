/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The run directory: where it is, which one is refused, names that are taken, and what a killed
 * instance leaves.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry.h"
#include "vnf_priv.h"

static char dir[RUN_PATH_MAX];
static char why[512];

static void setup(void)
{
	log_init("test", VNF_LOG_ERROR);
	snprintf(dir, sizeof(dir), "/tmp/vnf-registry-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
}

static const char *in_dir(const char *name)
{
	static char path[2 * RUN_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static bool exists(const char *name)
{
	return access(in_dir(name), F_OK) == 0;
}

static void touch(const char *name)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT, 0600);

	cr_assert_geq(fd, 0);
	close(fd);
}

TestSuite(registry, .init = setup);

/* At the end of a test: not in its .fini, where a failed assertion passes. */
static void nothing_left(void)
{
	cr_assert_eq(rmdir(dir), 0, "something is left in %s", dir);
}

static void enter(struct registry *registry, const char *name)
{
	cr_assert_eq(registry_enter(registry, dir, name, why, sizeof(why)), 0, "%s", why);
}

Test(registry, entry)
{
	json_t *entry = json_pack("{ss}", "name", "a"), *read;
	struct registry registry;

	enter(&registry, "a");
	cr_assert_str_eq(registry.name, "a");
	cr_assert_eq(registry_write(&registry, entry), 0);
	read = json_load_file(in_dir("a.json"), 0, NULL);
	cr_assert(json_equal(read, entry));
	registry_leave(&registry);
	registry_leave(&registry);
	json_decref(read);
	json_decref(entry);
	nothing_left();
}

/* flock() belongs to the open file, so that this process is another one to itself. */
Test(registry, name_is_taken)
{
	struct registry first, second;
	char expected[REGISTRY_NAME_MAX];

	enter(&first, "a");
	enter(&second, "a");
	snprintf(expected, sizeof(expected), "a-%d", getpid());
	cr_assert_str_eq(second.name, expected);
	registry_leave(&second);
	cr_assert(exists("a.json.lock"));
	registry_leave(&first);
	nothing_left();
}

Test(registry, stale_entries_are_removed)
{
	struct registry registry;

	touch("gone.json.lock");
	touch("gone.json");
	touch("gone.ctl");
	touch("a.json.lock");
	touch("a.json");
	enter(&registry, "a");
	cr_assert_str_eq(registry.name, "a");
	cr_assert_not(exists("gone.json"));
	cr_assert_not(exists("gone.ctl"));
	cr_assert_not(exists("gone.json.lock"));
	cr_assert_not(exists("a.json"));
	registry_leave(&registry);
	nothing_left();
}

/* Only names of entries, and nothing that is not ours to remove. */
Test(registry, other_files_stay)
{
	static const char *const others[] = { "readme",      ".lock",  ".json.lock",
					      "a.sock.lock", "a.sock", "b.json",
					      "lan.lock",    "b.ctl",  "b.json.lock.txt" };
	struct registry registry;

	for (size_t i = 0; i < RTE_DIM(others); i++)
		touch(others[i]);
	enter(&registry, "a");
	registry_leave(&registry);
	for (size_t i = 0; i < RTE_DIM(others); i++) {
		cr_assert(exists(others[i]), "%s", others[i]);
		unlink(in_dir(others[i]));
	}
	nothing_left();
}

Test(registry, directory_is_made)
{
	char inner[2 * RUN_PATH_MAX];
	struct stat st;

	snprintf(inner, sizeof(inner), "%s", in_dir("run"));
	cr_assert_eq(run_dir_make(inner, why, sizeof(why)), 0, "%s", why);
	cr_assert_eq(run_dir_make(inner, why, sizeof(why)), 0, "%s", why);
	cr_assert_eq(stat(inner, &st), 0);
	cr_assert(S_ISDIR(st.st_mode));
	rmdir(inner);
	nothing_left();
}

Test(registry, unsafe_directories)
{
	char path[2 * RUN_PATH_MAX];

	snprintf(path, sizeof(path), "%s", in_dir("x/y"));
	cr_assert_eq(run_dir_make(path, why, sizeof(why)), -ENOENT);
	snprintf(path, sizeof(path), "%s", in_dir("link"));
	cr_assert_eq(symlink("/tmp", path), 0);
	cr_assert_eq(run_dir_make(path, why, sizeof(why)), -EPERM);
	unlink(path);
	touch("link");
	cr_assert_eq(run_dir_make(path, why, sizeof(why)), -EPERM);
	unlink(path);
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_assert_eq(chmod(path, 0777), 0);
	cr_assert_eq(run_dir_make(path, why, sizeof(why)), -EPERM);
	rmdir(path);
	nothing_left();
}

Test(registry, whose_directory)
{
	char path[RUN_PATH_MAX];

	setenv("VNFKIT_RUN_DIR", "/a/b", 1);
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	cr_assert_eq(run_dir_path(path, sizeof(path)), 0);
	cr_assert_str_eq(path, "/a/b");
	setenv("VNFKIT_RUN_DIR", "", 1);
	cr_assert_eq(run_dir_path(path, sizeof(path)), 0);
	cr_assert_str_eq(path, geteuid() == 0 ? "/run/vnfkit" : "/run/user/7/vnfkit");
	cr_assert_eq(run_dir_path(path, 4), -ENAMETOOLONG);
	nothing_left();
}
