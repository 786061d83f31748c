"""C++ that has no hardware, in functions that the top function reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fcn_hw.lint.functions import Function
from fcn_hw.lint.project import Project
from fcn_hw.lint.registry import Breach, rule
from fcn_hw.lint.tree import Node, element_type

_CHAPTER = 'UG1399, "Unsupported C/C++ Constructs"'

_ALLOCATION = frozenset("malloc calloc realloc free alloca aligned_alloc posix_memalign".split())
_KNOWN_FUNCTIONS = frozenset(
    "abs labs llabs fabs fabsf sqrt sqrtf exp expf exp2 log logf log2 log10 pow powf sin sinf cos "
    "cosf tan tanf asin acos atan atan2 sinh cosh tanh floor floorf ceil ceilf round roundf trunc "
    "rint fmod fmin fmax fminf fmaxf ldexp frexp modf copysign isnan isinf memcpy memset "
    "__assert_fail".split()
)
"""Of the C library: mathematics (UG1399, "HLS Math Library"), memcpy, memset, and assert."""
_UNWINDING = {
    "CXX_TRY_STMT": "a try block",
    "CXX_THROW_EXPR": "a throw",
    "GOTO_STMT": "a goto",
    "INDIRECT_GOTO_STMT": "a computed goto",
    "CXX_TYPEID_EXPR": "a typeid",
    "CXX_DYNAMIC_CAST_EXPR": "a dynamic_cast",
}


def _reached(project: Project) -> Iterator[tuple[Function, Node]]:
    for function in list(project.functions.values()):
        for node in function.nodes:
            yield function, node


def _is_standard(cursor: Any) -> bool:
    """Whether a declaration is in namespace std."""
    while cursor is not None and cursor.kind.name != "TRANSLATION_UNIT":
        if cursor.kind.name == "NAMESPACE" and cursor.spelling in ("std", "__gnu_cxx"):
            return True
        cursor = cursor.semantic_parent
    return False


@rule("no-recursion", "No function calls itself.", source=f'{_CHAPTER}: "Recursive Functions"')
def recursion(project: Project) -> Iterator[Breach]:
    edges = {
        id(function): [(node, callee) for node, callee in project.callees(function)]
        for function in list(project.functions.values())
    }

    def reaches(start: Function, goal: Function) -> bool:
        seen, stack = set(), [start]
        while stack:
            function = stack.pop()
            if function is goal:
                return True
            if id(function) not in seen:
                seen.add(id(function))
                stack.extend(callee for _, callee in edges.get(id(function), ()))
        return False

    for function in list(project.functions.values()):
        for node, callee in edges.get(id(function), ()):
            if reaches(callee, function):
                through = "itself" if callee is function else f"itself through '{callee.name}'"
                yield (
                    project.place(node.cursor),
                    f"'{function.name}' calls {through}",
                    "write a loop, or a recursion over template parameters",
                )


@rule(
    "no-allocation",
    "No memory is allocated: no new, delete or malloc.",
    source=f'{_CHAPTER}: "Dynamic Memory Usage"',
)
def allocation(project: Project) -> Iterator[Breach]:
    for function, node in _reached(project):
        word = {"CXX_NEW_EXPR": "new", "CXX_DELETE_EXPR": "delete"}.get(node.kind)
        if node.kind == "CALL_EXPR" and node.name in _ALLOCATION:
            word = node.name
        if word is not None:
            yield (
                project.place(node.cursor),
                f"'{function.name}' allocates memory: {word}",
                "declare an array of constant size",
            )


@rule(
    "no-stl",
    "No containers, streams or algorithms of the C++ library.",
    source=f'{_CHAPTER}: "Standard Template Libraries"',
)
def standard_library(project: Project) -> Iterator[Breach]:
    for function, node in _reached(project):
        name = ""
        if node.kind == "VAR_DECL":
            declaration = element_type(node.cursor.type).get_declaration()
            if _is_standard(declaration):
                name = declaration.spelling
        elif node.kind in ("CALL_EXPR", "DECL_REF_EXPR") and node.target is not None:
            target = node.target
            if (
                target.kind.name in ("FUNCTION_DECL", "CXX_METHOD", "VAR_DECL")
                and not project.is_own(target)
                and not project.is_vendor(target)
                and _is_standard(target)
                and target.spelling not in _KNOWN_FUNCTIONS
            ):
                name = target.spelling
        if name:
            yield (
                project.place(node.cursor),
                f"'{function.name}' uses std::{name}",
                "use arrays, hls::stream and the ap_ types",
            )


@rule(
    "no-virtual",
    "No virtual functions.",
    source=f'{_CHAPTER}: "Virtual Functions and Pointers"',
)
def virtual(project: Project) -> Iterator[Breach]:
    for function, node in _reached(project):
        target = node.target if node.kind == "CALL_EXPR" else None
        if (
            target is not None
            and target.kind.name == "CXX_METHOD"
            and target.is_virtual_method()
            and not project.is_vendor(target)
        ):
            yield (
                project.place(node.cursor),
                f"'{function.name}' calls the virtual function '{target.spelling}'",
                "take the class as a template parameter",
            )


@rule(
    "no-function-pointers",
    "No pointers to functions.",
    source=f'{_CHAPTER}: "Pointer Limitations"',
)
def function_pointers(project: Project) -> Iterator[Breach]:
    for function, node in _reached(project):
        if node.kind not in ("VAR_DECL", "DECL_REF_EXPR", "MEMBER_REF_EXPR"):
            continue
        cursor = node.cursor if node.kind == "VAR_DECL" else node.target
        if cursor is None or cursor.kind.name not in ("VAR_DECL", "PARM_DECL", "FIELD_DECL"):
            continue
        kind = cursor.type.get_canonical()
        if kind.kind.name == "MEMBERPOINTER" or (
            kind.kind.name == "POINTER"
            and kind.get_pointee().get_canonical().kind.name == "FUNCTIONPROTO"
        ):
            yield (
                project.place(node.cursor),
                f"'{function.name}' uses the pointer to a function '{cursor.spelling}'",
                "call the function by its name, or take a class as a template parameter",
            )


@rule(
    "no-system-calls",
    "No calls of the operating system, and none of functions whose body is not there.",
    source=f'{_CHAPTER}: "System Calls"',
)
def system_calls(project: Project) -> Iterator[Breach]:
    for function, node in _reached(project):
        target = node.target if node.kind == "CALL_EXPR" else None
        if target is None or target.kind.name != "FUNCTION_DECL" or project.is_vendor(target):
            continue
        name = target.spelling
        if project.is_own(target):
            if project.function(target) is None and node.constant is None:
                yield (
                    project.place(node.cursor),
                    f"'{function.name}' calls '{name}', whose body is in no file that is included",
                    "define it in a header",
                )
        elif not (
            name in _KNOWN_FUNCTIONS
            or name in _ALLOCATION
            or name.startswith("__builtin_")
            or _is_standard(target)
        ):
            yield (
                project.place(node.cursor),
                f"'{function.name}' calls the system's '{name}'",
                "keep it in the test bench",
            )


@rule(
    "no-unwinding",
    "No exceptions, goto or run-time type information.",
    source=_CHAPTER,
)
def unwinding(project: Project) -> Iterator[Breach]:
    for function, node in _reached(project):
        if node.kind in _UNWINDING:
            yield (
                project.place(node.cursor),
                f"{_UNWINDING[node.kind]} in '{function.name}'",
                "write loops and conditions, and send an error as a value",
            )
