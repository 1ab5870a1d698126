#!/bin/sh
# The USB gadget of a Coldquorum appliance: one vendor-class interface, run by `coldsign serve`.
#
#   gadget.sh start    describe the gadget, and mount its endpoints at /run/coldsign/usb
#   gadget.sh bind     show it to the host: once `coldsign serve` has written its descriptors
#   gadget.sh stop     take it away
#
# As root. It needs the kernel modules libcomposite and usb_f_fs, a USB device controller, and the
# file system configfs at /sys/kernel/config.
set -eu

gadget=/sys/kernel/config/usb_gadget/coldquorum
endpoints=/run/coldsign/usb

start() {
    mkdir "$gadget"
    # 1209:0001 is pid.codes' number for private tests: register one of your own for others
    echo 0x1209 > "$gadget/idVendor"
    echo 0x0001 > "$gadget/idProduct"
    echo 0x0100 > "$gadget/bcdDevice"
    mkdir "$gadget/strings/0x409"
    echo Coldquorum > "$gadget/strings/0x409/manufacturer"
    echo "Coldquorum appliance" > "$gadget/strings/0x409/product"
    # WinUSB: the vendor code and signature that Windows asks for (Microsoft OS descriptors 1.0)
    echo 0xcd > "$gadget/os_desc/b_vendor_code"
    echo MSFT100 > "$gadget/os_desc/qw_sign"
    echo 1 > "$gadget/os_desc/use"
    mkdir "$gadget/configs/c.1"
    echo 250 > "$gadget/configs/c.1/MaxPower"
    mkdir "$gadget/functions/ffs.coldsign"
    ln -s "$gadget/functions/ffs.coldsign" "$gadget/configs/c.1/"
    ln -s "$gadget/configs/c.1" "$gadget/os_desc/"
    mkdir -p "$endpoints"
    mount -t functionfs coldsign "$endpoints"
}

bind() {
    # ep1 and ep2 appear when the descriptors are written
    left=60
    while [ ! -e "$endpoints/ep2" ]; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || { echo "coldsign serve has written no descriptors" >&2; exit 1; }
        sleep 1
    done
    for controller in /sys/class/udc/*; do
        echo "${controller##*/}" > "$gadget/UDC"
        return
    done
}

stop() {
    echo > "$gadget/UDC" || true
    umount "$endpoints" || true
    rm -f "$gadget/os_desc/c.1" "$gadget/configs/c.1/ffs.coldsign"
    rmdir "$gadget/configs/c.1" "$gadget/functions/ffs.coldsign" "$gadget/strings/0x409" "$gadget"
}

case ${1:-} in
    start | bind | stop) "$1" ;;
    *) echo "usage: gadget.sh start|bind|stop" >&2; exit 2 ;;
esac
