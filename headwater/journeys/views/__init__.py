"""Pages of journeys: the list and the gallery, the canvas, people inside, one person's way."""

from __future__ import annotations

from .canvas import detail, numbers
from .exchange import bring, export
from .gallery import gallery_mail, gallery_page, install, template
from .lists import change, create, journey_list
from .people import add_person, enter_person, passage, people, subject
from .report import page as report
from .report import people as report_people
from .simulation import cancel as simulation_cancel
from .simulation import page as simulation
from .simulation import people as simulation_people
from .trying import test, test_mail, why

__all__ = [
    "add_person",
    "bring",
    "change",
    "create",
    "detail",
    "enter_person",
    "export",
    "gallery_mail",
    "gallery_page",
    "install",
    "journey_list",
    "numbers",
    "passage",
    "people",
    "report",
    "report_people",
    "simulation",
    "simulation_cancel",
    "simulation_people",
    "subject",
    "template",
    "test",
    "test_mail",
    "why",
]
