/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which PCI devices DPDK may have, asked of a made-up sysfs: not one that is missing, that the
 * kernel drives, or that is the machine's way to the network.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pci.h"

#define DEVICE "0000:00:03.0"

static char top[] = "/tmp/vnf-pci-XXXXXX";

static void sh(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void sh(const char *format, ...)
{
	char command[512], line[600];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "cd %s && %s", top, command);
	cr_assert_eq(system(line), 0, "%s", line);
}

static void machine_make(void)
{
	cr_assert_not_null(mkdtemp(top));
	sh("mkdir -p sys/bus/pci/devices/" DEVICE " drivers proc/net");
	sh("printf 'Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\\n"
	   "eth1\\t00000000\\t0100A8C0\\t0003\\t0\\t0\\t0\\t00000000\\t0\\t0\\t0\\n' "
	   "> proc/net/route");
}

static void machine_remove(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", top);
	cr_assert_eq(system(command), 0);
}

TestSuite(pci, .init = machine_make, .fini = machine_remove);

static int device_check(const char *address, char *why, size_t size)
{
	char sysfs[64], proc[64];

	snprintf(sysfs, sizeof(sysfs), "%s/sys", top);
	snprintf(proc, sizeof(proc), "%s/proc", top);
	why[0] = '\0';
	return pci_device_check(sysfs, proc, address, why, size);
}

static bool needs_pa(void)
{
	char sysfs[64];

	snprintf(sysfs, sizeof(sysfs), "%s/sys", top);
	return pci_needs_pa(sysfs, DEVICE);
}

static void driver_bind(const char *driver)
{
	sh("mkdir -p drivers/%s && ln -sfn ../../../../../drivers/%s sys/bus/pci/devices/" DEVICE
	   "/driver",
	   driver, driver);
}

Test(pci_address, forms)
{
	static const struct {
		const char *text;
		const char *address;
	} cases[] = {
		{ "0000:00:03.0", "0000:00:03.0" },
		{ "00:03.0", "0000:00:03.0" },
		{ "abcd:Ef:1f.7", "abcd:ef:1f.7" },
		{ "", NULL },
		{ "eth0", NULL },
		{ "00:03", NULL },
		{ "00:03.0x", NULL },
		{ "0000:00:03.8", NULL },
		{ "00:20.0", NULL },
		{ "0000:00:03.0,a=b", NULL },
		{ "00000:00:03.0", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char address[PCI_ADDRESS_MAX];
		int ret = pci_address_parse(cases[i].text, address);

		cr_expect_eq(ret, cases[i].address != NULL ? 0 : -EINVAL, "%s", cases[i].text);
		if (ret == 0)
			cr_expect_str_eq(address, cases[i].address);
	}
}

Test(pci, missing_device)
{
	char why[256];

	cr_assert_eq(device_check("0000:00:04.0", why, sizeof(why)), -ENODEV);
	cr_assert_str_eq(why, "there is no PCI device 0000:00:04.0; dpdk-devbind.py --status lists "
			      "them");
}

Test(pci, device_of_the_kernel)
{
	char why[256];

	driver_bind("e1000");
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/net/eth0");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), -EBUSY);
	cr_assert_not_null(strstr(why, "bound to the kernel's driver e1000 and in use as a network "
				       "interface"),
			   "%s", why);
	cr_assert_not_null(strstr(why, "dpdk-devbind.py -b vfio-pci " DEVICE), "%s", why);
}

Test(pci, device_without_driver)
{
	char why[256];

	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), -EBUSY);
	cr_assert_not_null(strstr(why, "bound to no driver"), "%s", why);
}

Test(pci, default_route_is_never_taken)
{
	char why[256];

	/* Not even from a driver that shares its device with DPDK. */
	driver_bind("mlx5_core");
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/net/eth1");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), -EBUSY);
	cr_assert_str_eq(why, "PCI device " DEVICE " is eth1, which holds this machine's default "
			      "route; it is not taken");
	sh("mv sys/bus/pci/devices/" DEVICE "/net/eth1 sys/bus/pci/devices/" DEVICE "/net/eth2");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), 0, "%s", why);
}

Test(pci, virtio_interface_is_found_below_the_virtio_device)
{
	char why[256];

	driver_bind("virtio-pci");
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/virtio0/net/eth1");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), -EBUSY);
	cr_assert_not_null(strstr(why, "is eth1, which holds"), "%s", why);
}

Test(pci, drivers_that_hand_the_device_over)
{
	char why[256];

	driver_bind("uio_pci_generic");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), 0, "%s", why);
	cr_assert(needs_pa());
	driver_bind("vfio-pci");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), 0, "%s", why);
	cr_assert(needs_pa(), "vfio without an IOMMU group is physical");
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/iommu_group");
	cr_assert(!needs_pa());
	driver_bind("virtio-pci");
	cr_assert(!needs_pa());
}
