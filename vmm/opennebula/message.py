"""An action's arguments and its standard input → `Message`.

`deploy` gets the deployment file, which is a bare VM element; the others get
VMM_DRIVER_ACTION_DATA. Both come as plain XML over ssh and as base64 from a local driver.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Sequence
from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from vmm import values
from vmm.errors import SpecError
from vmm.opennebula import arguments as argv
from vmm.opennebula import vm
from vmm.opennebula.element import Element
from vmm.policy import NodePolicy
from vmm.spec import Message

MAX_BYTES = 16 << 20
"""More than any message: a VM of 100 disks and 100 NICs takes 0.1 MB."""
ENVELOPE = "VMM_DRIVER_ACTION_DATA"


def parse(action: str, arguments: Sequence[str], stdin: bytes, policy: NodePolicy) -> Message:
    """What OpenNebula asks for. Pure: no file is looked at (see `vmm.located`).

    Raises SpecError for the message, DriverError for the arguments.
    """
    given = argv.checked(action, arguments)
    envelope, machine = _split(Element(*_document(stdin)))
    spec = vm.parse(machine, policy)
    for name, value in given:
        if name == "VMID" and value != str(spec.vmid):
            raise machine.refuse(f"{spec.vmid} is not {value}, the VM of the arguments", "ID")
        if name == "DEPLOY_ID" and value != spec.name:
            raise machine.refuse(f"{spec.name} is not {value} of the arguments", "ID")
    own = tuple(value for _, value in given)
    if envelope is not None and envelope.text("DEPLOY_ID") not in {"", spec.name}:
        found = values.shown(envelope.text("DEPLOY_ID"))
        raise envelope.refuse(f"{found} is not {spec.name}", "DEPLOY_ID")
    return Message(action=action, vm=spec, arguments=own[:-2] if action != "exec" else own[2:])


def _document(stdin: bytes) -> tuple[Node, str]:
    """The root element and its XPath."""
    text = stdin.strip()
    if len(text) > MAX_BYTES:
        raise SpecError("/", f"the message is larger than {MAX_BYTES} bytes")
    try:
        root: Node = fromstring(
            text if text.startswith(b"<") else a2b_base64(text, strict_mode=True)
        )
    except (Base64Error, ParseError, DefusedXmlException, ValueError, LookupError) as problem:
        reason = "neither XML nor base64" if isinstance(problem, Base64Error) else problem
        raise SpecError(
            "/",
            f"standard input is not a message of OpenNebula: {reason if text else 'it is empty'}",
            "see the front-end's oned.log: it makes this from the VM's template",
        ) from problem
    return root, f"/{root.tag}"


def _split(root: Element) -> tuple[Element | None, Element]:
    """The envelope, None for a bare VM, and the VM."""
    if root.tag == "VM":
        return None, root
    if root.tag == ENVELOPE:
        return root, root.need("VM")
    raise SpecError(root.xpath, f"expected VM or {ENVELOPE}")
