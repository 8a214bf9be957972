"""From a brief to a finished mail: `Renderer.render` gives a `Notice` with frozen bytes."""

from triage.rendering.ids import notice_id
from triage.rendering.renderer import Renderer

__all__ = ["Renderer", "notice_id"]
