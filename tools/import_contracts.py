"""An import-linter contract that holds for the modules that are there.

import-linter refuses a forbidden contract that names a missing module. Some of ours come later than the rule that
binds them (core.control.panic), so this form drops missing names and otherwise is the stock contract. The core's own
names are covered by the exhaustive layers contract: a misspelt folder fails there.
"""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import ContractCheck
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.domain.imports import ModuleExpression


class ForbiddenIfThere(ForbiddenContract):
    """`forbidden`, for source and forbidden modules that may not exist yet."""

    type_name = "forbidden_if_there"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Check the stock contract over those of its modules that the graph knows; kept if none is left."""
        self.source_modules = self._there(graph, self.source_modules)
        self.forbidden_modules = self._there(graph, self.forbidden_modules)
        if not self.source_modules or not self.forbidden_modules:
            return ContractCheck(kept=True, metadata={"invalid_chains": []})
        return super().check(graph, verbose)

    @staticmethod
    def _there(graph: ImportGraph, wanted: set[ModuleExpression]) -> set[ModuleExpression]:
        return {expression for expression in wanted if expression.expression in graph.modules}
