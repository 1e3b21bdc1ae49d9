"""A small VM as OpenNebula describes it. Hand-made: only what the driver reads."""

VM = """\
<VM><ID>{vmid}</ID><STATE>3</STATE><LCM_STATE>2</LCM_STATE><TEMPLATE><CPU>1</CPU>
<MEMORY>64</MEMORY><VMID>{vmid}</VMID><DISK><DISK_ID>0</DISK_ID><DISK_TYPE>FILE</DISK_TYPE>
<DRIVER>raw</DRIVER><FORMAT>raw</FORMAT><TYPE>FILE</TYPE><SOURCE>{disk}</SOURCE>
<TARGET>sda</TARGET><READONLY>NO</READONLY></DISK></TEMPLATE><USER_TEMPLATE/>
<HISTORY_RECORDS><HISTORY><OID>{vmid}</OID><SEQ>0</SEQ><HOSTNAME>node</HOSTNAME><DS_ID>0</DS_ID>
</HISTORY></HISTORY_RECORDS></VM>
"""
MESSAGE = (
    "<VMM_DRIVER_ACTION_DATA><HOST>node</HOST><DEPLOY_ID>{name}</DEPLOY_ID>{vm}"
    "</VMM_DRIVER_ACTION_DATA>"
)


def vm(vmid: int, disk: object) -> str:
    """What deploy gets: a VM of one raw image."""
    return VM.format(vmid=vmid, disk=disk)


def message(vmid: int, text: str) -> str:
    """What every other action gets."""
    return MESSAGE.format(name=f"one-{vmid}", vm=text)
