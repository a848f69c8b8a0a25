"""The canvas's own texts, in the language of the page. {name} is filled in by the island."""

from __future__ import annotations

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    """key -> text, as the island's components ask for them."""
    return _page() | _picture() | _panel() | _saving() | _publishing()


def _page() -> dict[str, str]:
    return {
        "add_person": _("Add a person"),
        "cancel": _("Cancel"),
        "close": _("Close"),
        "copy_journey": _("Copy"),
        "copy_of": _("Copy of {name}"),
        "delete": _("Delete"),
        "delete_sure": _("Delete this draft?"),
        "details": _("Details"),
        "failed_now": _("That did not work. Please try again."),
        "journey": _("Journey"),
        "journey_settings": _("Entry, goal and numbers"),
        "journeys": _("Journeys"),
        "more": _("More"),
        "n_inside": _("{n} inside"),
        "n_problems": _("{n} problems"),
        "no_name": _("Without a name"),
        "one_problem": _("1 problem"),
        "or": _("or"),
        "pause": _("Pause"),
        "paused_now": _("Paused. Nobody enters, nobody goes on."),
        "problems": _("What is missing"),
        "resume": _("Resume"),
        "resumed_now": _("It runs again."),
        "you_are_here": _("You are here"),
    }


def _picture() -> dict[str, str]:
    return {
        "add_after": _("Add a step after {step}"),
        "add_on_arm": _("Add a step on {arm} after {step}"),
        "add_step": _("Add a step"),
        "added": _("{what} added"),
        "and_more": _("and {n} more steps"),
        "by_hand": _("By hand or API"),
        "clipboard": _("Clipboard"),
        "copied": _("{what} copied"),
        "cut": _("{what} is ready to move: choose a plus"),
        "deleted": _("{what} deleted"),
        "delete_all": _("Delete all arms"),
        "delete_arms": _("Its arms hold steps. Which of them stays?"),
        "delete_which": _("Delete {what}"),
        "end": _("End"),
        "end_here": _("End here"),
        "entered": _("entered"),
        "entry": _("Entry"),
        "failed": _("failed"),
        "goes_to": _("Goes on to {step}"),
        "gone": _("{n} steps that nothing leads to any more went with it. Ctrl+Z brings them back."),
        "keep_arm": _("Keep {arm}"),
        "lead_on": _("Lead on to a step that is there"),
        "minimap": _("Overview"),
        "move_here": _("Move {what} here"),
        "moved": _("{what} moved"),
        "n_steps": _("{n} steps"),
        "no_steps": _("No steps"),
        "not_into_itself": _("Not into itself"),
        "nothing_found": _("Nothing found."),
        "only_at_end": _("Only where nothing follows"),
        "paste_here": _("Paste {what}"),
        "pasted": _("{what} pasted"),
        "picture": _("Picture of the journey"),
        "redo": _("Redo"),
        "redone": _("Done again"),
        "search_steps": _("Search steps"),
        "shelf_help": _("Drag onto a plus, or click a plus. Everything finds its place by itself."),
        "steps": _("Steps"),
        "undo": _("Undo"),
        "undone": _("Undone"),
        "yes": _("Yes"),
    }


def _panel() -> dict[str, str]:
    return {
        "add_arm": _("Add an arm"),
        "add_condition": _("Add a condition"),
        "add_entry": _("Add a way in"),
        "add_exit": _("Add a reason to leave"),
        "add_goal": _("Set a goal"),
        "any": _("any"),
        "arm_delete": _("Delete the arm"),
        "arm_n": _("Arm {n}"),
        "arm_name": _("Name of the arm"),
        "arm_up": _("Move up"),
        "choose": _("Choose…"),
        "comparison": _("Comparison"),
        "copy": _("Copy"),
        "cut_move": _("Cut, to move it"),
        "description": _("Description"),
        "duplicate": _("Duplicate"),
        "everybody": _("Everybody who is in it now"),
        "goal": _("Goal"),
        "has_steps": _("and its steps"),
        "key_add": _("Add a step behind it"),
        "key_close": _("Close"),
        "key_copy": _("Copy, cut, paste; also into another journey"),
        "key_delete": _("Delete"),
        "key_duplicate": _("Duplicate"),
        "key_fit": _("See all of it"),
        "key_open": _("Open"),
        "key_redo": _("Redo"),
        "key_undo": _("Undo"),
        "key_walk": _("Walk along the steps"),
        "keys": _("Keys"),
        "name": _("Name"),
        "no_entry": _("Nobody enters by herself: people come in by hand or through the API."),
        "no_json": _("This is not JSON."),
        "open": _("Open"),
        "optional": _("optional"),
        "property": _("Property"),
        "remove": _("Remove"),
        "share": _("Share"),
        "step_name": _("Name of the step"),
        "unit": _("unit"),
        "value": _("Value"),
        "who_enters": _("Who enters"),
        "who_leaves": _("Who leaves at once"),
    }


def _saving() -> dict[str, str]:
    return {
        "changed_by": _("{who} changed this journey at {time}. You see the new state."),
        "conflict": _("Changed by somebody else"),
        "conflict_by": _("{who} changed this journey at {time}, while you did."),
        "keep_copy": _("Keep mine as a copy"),
        "load_theirs": _("Load theirs"),
        "not_saved": _("Not saved"),
        "offline": _("Not saved: no connection"),
        "offline_long": _("The server cannot be reached. Go on: your changes are kept here and saved when it is back."),
        "offline_now": _("The server cannot be reached."),
        "retry": _("Try again"),
        "saved": _("Saved"),
        "saving": _("Saving…"),
        "unsaved": _("Not saved yet"),
    }


def _publishing() -> dict[str, str]:
    return {
        "current": _("Current"),
        "d_added": _("New"),
        "d_changed": _("Changed"),
        "d_moved": _("Leads elsewhere"),
        "d_removed": _("Gone"),
        "d_rules": _("Rules"),
        "finish_on_theirs": _("People who are in it finish on the version they entered."),
        "first_time": _("{n} steps go live. From now on people enter."),
        "fix_first": _("Some things are missing before it can go live:"),
        "is_live": _("{name} v{n} is live."),
        "no_versions": _("Not published yet."),
        "nothing_changed": _("Nothing has changed since the last version."),
        "publish": _("Publish v{n}"),
        "publish_title": _("Publish {name} v{n}"),
        "rule_entry": _("Who enters"),
        "rule_exits": _("Who leaves at once"),
        "rule_goal": _("Goal"),
        "rule_reentry": _("May people come again?"),
        "save_first": _("It could not be saved, so it was not published."),
        "still_there": _("{n} people are at “{step}”, which is gone: they finish on their version."),
        "versions": _("Versions"),
    }
