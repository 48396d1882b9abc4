/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Taking a PCI device and giving it back, against a made-up sysfs whose "kernel" is a thread: it
 * reads what is written to drivers_probe, a FIFO here, and links the device to the driver that
 * driver_override names, or to the one that knows the device.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pci_bind.h"

#define DEVICE "0000:00:03.0"
#define MAC "52:54:00:00:00:01"

static char top[] = "/tmp/vnf-bind-XXXXXX";
static char sysfs_dir[64], proc_dir[64], run_dir[64];
static const struct pci_machine machine = { sysfs_dir, proc_dir, run_dir };
static pthread_t kernel;
static const char *refuses; /* a driver that binds to nothing */

static void sh(const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd %s && %s", top, command);
	cr_assert_eq(system(line), 0, "%s", line);
}

/* The driver that the kernel would bind now. */
static void driver_wanted(char *driver, size_t size)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/" DEVICE "/driver_override", sysfs_dir);
	f = fopen(path, "r");
	cr_assert_not_null(f);
	driver[0] = '\0';
	if (fgets(driver, (int)size, f) == NULL)
		driver[0] = '\0';
	fclose(f);
	driver[strcspn(driver, "\n")] = '\0';
	if (driver[0] == '\0')
		snprintf(driver, size, "virtio-pci");
}

static void device_probe(void)
{
	char driver[64], command[256];

	driver_wanted(driver, sizeof(driver));
	sh("rm -f sys/bus/pci/devices/" DEVICE "/driver");
	if (refuses != NULL && strcmp(driver, refuses) == 0)
		return;
	snprintf(command, sizeof(command),
		 "ln -s ../../drivers/%s sys/bus/pci/devices/" DEVICE "/driver", driver);
	sh(command);
}

static void *kernel_run(void *arg)
{
	char path[128], text[64];

	(void)arg;
	snprintf(path, sizeof(path), "%s/bus/pci/drivers_probe", sysfs_dir);
	for (;;) {
		int fd = open(path, O_RDONLY);
		ssize_t n = read(fd, text, sizeof(text) - 1);

		close(fd);
		text[n > 0 ? n : 0] = '\0';
		if (strcmp(text, "end") == 0)
			return NULL;
		cr_assert_str_eq(text, DEVICE);
		device_probe();
	}
}

static void machine_make(void)
{
	cr_assert_not_null(mkdtemp(top));
	snprintf(sysfs_dir, sizeof(sysfs_dir), "%s/sys", top);
	snprintf(proc_dir, sizeof(proc_dir), "%s/proc", top);
	snprintf(run_dir, sizeof(run_dir), "%s/run", top);
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/virtio0/net/eth1 proc/net"
	   " sys/bus/pci/drivers/uio_pci_generic sys/bus/pci/drivers/virtio-pci"
	   " sys/bus/pci/drivers/vfio-pci");
	sh("mkfifo sys/bus/pci/drivers_probe && touch sys/bus/pci/drivers/virtio-pci/unbind"
	   " sys/bus/pci/drivers/uio_pci_generic/unbind sys/bus/pci/devices/" DEVICE
	   "/driver_override");
	sh("echo " MAC " > sys/bus/pci/devices/" DEVICE "/virtio0/net/eth1/address");
	sh("ln -s ../../drivers/virtio-pci sys/bus/pci/devices/" DEVICE "/driver");
	cr_assert_eq(pthread_create(&kernel, NULL, kernel_run, NULL), 0);
}

static void machine_remove(void)
{
	char command[64];

	sh("printf end > sys/bus/pci/drivers_probe");
	pthread_join(kernel, NULL);
	snprintf(command, sizeof(command), "rm -r %s", top);
	cr_assert_eq(system(command), 0);
}

TestSuite(pci_bind, .init = machine_make, .fini = machine_remove);

static const char *driver_now(void)
{
	static char driver[PCI_NAME_MAX];

	pci_driver_read(&machine, DEVICE, driver);
	return driver;
}

Test(pci_bind, takes_the_device_alone_and_gives_it_back)
{
	struct pci_binding binding;
	char why[256] = "";

	cr_assert_eq(pci_take(&machine, MAC, PCI_DRIVER_AUTO, &binding, why, sizeof(why)), 0, "%s",
		     why);
	cr_assert_str_eq(driver_now(), "uio_pci_generic");
	cr_assert_str_eq(binding.address, DEVICE);
	cr_assert_str_eq(binding.was.driver, "virtio-pci");
	cr_assert_str_eq(binding.was.mac, MAC);
	sh("test -z \"$(ls sys/bus/pci/drivers/*/new_id 2>/dev/null)\"");
	sh("grep -qx " DEVICE " sys/bus/pci/drivers/virtio-pci/unbind");
	cr_assert_eq(pci_release(&machine, &binding, true, why, sizeof(why)), 0, "%s", why);
	cr_assert_str_eq(driver_now(), "virtio-pci");
	sh("test -z \"$(ls run)\"");
}

/* After a crash: bound already, the interface gone. */
Test(pci_bind, a_device_taken_before_is_known_again)
{
	struct pci_binding binding;
	char why[256] = "";

	cr_assert_eq(pci_take(&machine, DEVICE, PCI_DRIVER_AUTO, &binding, why, sizeof(why)), 0);
	close(binding.lock_fd);
	sh("rm -r sys/bus/pci/devices/" DEVICE "/virtio0");

	cr_assert_eq(pci_take(&machine, MAC, PCI_DRIVER_AUTO, &binding, why, sizeof(why)), 0, "%s",
		     why);
	cr_assert_str_eq(binding.was.driver, "virtio-pci");
	cr_assert_eq(pci_release(&machine, &binding, false, why, sizeof(why)), 0, "%s", why);
	cr_assert_str_eq(driver_now(), "uio_pci_generic");

	cr_assert_eq(pci_take(&machine, MAC, PCI_DRIVER_AUTO, &binding, why, sizeof(why)), 0, "%s",
		     why);
	cr_assert_eq(pci_release(&machine, &binding, true, why, sizeof(why)), 0, "%s", why);
	cr_assert_str_eq(driver_now(), "virtio-pci");
}

/* Taken, not given back, and taken again by another driver: it still came from virtio-pci. */
Test(pci_bind, where_it_came_from_is_not_forgotten)
{
	struct pci_binding binding;
	char why[256] = "";

	cr_assert_eq(pci_take(&machine, MAC, PCI_DRIVER_UIO, &binding, why, sizeof(why)), 0);
	cr_assert(binding.bound);
	cr_assert_eq(pci_release(&machine, &binding, false, why, sizeof(why)), 0);
	sh("rm -r sys/bus/pci/devices/" DEVICE "/virtio0");
	refuses = "vfio-pci";
	cr_assert_lt(pci_take(&machine, MAC, PCI_DRIVER_VFIO, &binding, why, sizeof(why)), 0);
	refuses = NULL;
	cr_assert_eq(pci_take(&machine, MAC, PCI_DRIVER_VFIO, &binding, why, sizeof(why)), 0, "%s",
		     why);
	cr_assert_str_eq(driver_now(), "vfio-pci");
	cr_assert_str_eq(binding.was.driver, "virtio-pci");
	cr_assert_str_eq(binding.was.mac, MAC);
	cr_assert_eq(pci_release(&machine, &binding, true, why, sizeof(why)), 0, "%s", why);
	cr_assert_str_eq(driver_now(), "virtio-pci");
	sh("test -z \"$(ls run)\"");
}

Test(pci_bind, one_program_at_a_time)
{
	struct pci_binding binding, second;
	char why[256] = "";

	cr_assert_eq(pci_take(&machine, DEVICE, PCI_DRIVER_AUTO, &binding, why, sizeof(why)), 0);
	cr_assert_eq(pci_take(&machine, DEVICE, PCI_DRIVER_AUTO, &second, why, sizeof(why)),
		     -EBUSY);
	cr_assert_not_null(strstr(why, "in use by another program"), "%s", why);
	cr_assert_eq(second.address[0], '\0');
	cr_assert_eq(pci_release(&machine, &second, true, why, sizeof(why)), 0);
	cr_assert_str_eq(driver_now(), "uio_pci_generic");
	cr_assert_eq(pci_release(&machine, &binding, true, why, sizeof(why)), 0);
}

Test(pci_bind, behind_an_iommu_by_vfio)
{
	struct pci_binding binding;
	char why[256] = "";

	sh("mkdir sys/bus/pci/devices/" DEVICE "/iommu_group");
	cr_assert_eq(pci_take(&machine, DEVICE, PCI_DRIVER_AUTO, &binding, why, sizeof(why)), 0);
	cr_assert_str_eq(driver_now(), "vfio-pci");
	cr_assert_eq(pci_release(&machine, &binding, false, why, sizeof(why)), 0);
}

Test(pci_bind, kept_as_it_is_when_asked)
{
	struct pci_binding binding;
	char why[256] = "";

	cr_assert_eq(pci_take(&machine, DEVICE, PCI_DRIVER_KEEP, &binding, why, sizeof(why)),
		     -EBUSY);
	cr_assert_str_eq(why,
			 "PCI device " DEVICE " is bound to the kernel's driver virtio-pci and "
			 "driver = \"keep\" leaves it so; as root: modprobe uio_pci_generic && "
			 "dpdk-devbind.py -b uio_pci_generic " DEVICE);
	cr_assert_str_eq(driver_now(), "virtio-pci");
	sh("test -z \"$(ls run)\"");
}

Test(pci_bind, a_driver_that_refuses_leaves_all_as_it_was)
{
	struct pci_binding binding;
	char why[256] = "";

	refuses = "uio_pci_generic";
	cr_assert_lt(pci_take(&machine, DEVICE, PCI_DRIVER_AUTO, &binding, why, sizeof(why)), 0);
	cr_assert_not_null(strstr(why, "uio_pci_generic does not take it"), "%s", why);
	cr_assert_str_eq(driver_now(), "virtio-pci");
	sh("test -z \"$(ls run)\"");
}

Test(pci_bind, routes_are_respected)
{
	struct pci_binding binding;
	char why[256] = "";

	sh("printf 'eth1\\t0000A8C0\\t00000000\\t0001\\t0\\t0\\t0\\t00FFFFFF\\t0\\t0\\t0\\n' "
	   "> proc/net/route");
	cr_assert_eq(pci_take(&machine, MAC, PCI_DRIVER_AUTO, &binding, why, sizeof(why)), -EBUSY);
	cr_assert_not_null(strstr(why, "which routes go out of"), "%s", why);
	cr_assert_str_eq(driver_now(), "virtio-pci");
}

/* The record is a file like any other. */
Test(pci_bind, garbage_in_the_record)
{
	struct pci_record record;

	sh("mkdir -p run && head -c 3000 /dev/urandom > run/" DEVICE ".device");
	pci_record_read(&machine, DEVICE, &record);
	sh("printf 'mac zz\\ndriver\\n\\n' > run/" DEVICE ".device");
	cr_assert_eq(pci_record_read(&machine, DEVICE, &record), -ENODATA);
}
