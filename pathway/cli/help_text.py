"""The help of `pathway` itself: commands in the groups in which one looks for them, as plain text."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class GroupedCommands(TyperGroup):
    """Commands under the heading that each names as its panel."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """One section for each heading, in the order in which commands are registered."""
        sections: dict[str, list[tuple[str, Any]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                sections.setdefault(str(getattr(command, "rich_help_panel", None) or "Commands"), []).append(
                    (name, command)
                )
        longest = max((len(name) for rows in sections.values() for name, _ in rows), default=0)
        width = max(20, formatter.width - longest - 6)
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(longest), command.get_short_help_str(width)) for name, command in rows])
