"""Settings out of a service's own ``ConfigOpts``; see :meth:`protector.Settings.from_oslo`.

If files and environment alone decide, the engine reads them itself, and its messages name file and line. Else what
oslo.config resolved is handed over as text, within the process.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from oslo_config import cfg

from protector import Settings, opts
from protector.exceptions import InvalidConfiguration

#: What no line of a file can hold: its end, a dollar sign behind a backslash, what is not UTF-8.
_UNWRITABLE = re.compile(r"[\r\n]|\\\$|[\ud800-\udfff]")
#: Secrets that are named and not written.
_REFERENCES = ("env:", "file:", "castellan:")
#: No token is shorter, and a shorter text may be part of another by chance.
_SHORTEST_SECRET = 8


@dataclass(frozen=True)
class _Given:
    """What somebody set an option to. Defaults are left to the engine, whose rules ask what was set."""

    #: Not shown: it may be a secret.
    text: str = field(repr=False)
    place: str = field(compare=False)
    secret: bool

    @property
    def held(self) -> str:
        """The secret, if there is one in the text itself."""
        is_one = self.secret and len(self.text) >= _SHORTEST_SECRET and not self.text.startswith(_REFERENCES)
        return self.text if is_one else ""


_Option = tuple[str, str]


def settings(conf: cfg.ConfigOpts) -> Settings:
    """See :meth:`protector.Settings.from_oslo`."""
    files = _files(conf)
    # oslo.config has no public way to ask for it
    reader = _reader(files, use_env=getattr(conf, "_use_env", True))
    sites = _sites(reader.list_all_sections())
    named = {name.lower() for name in sites}
    for section in (name for name in _sites(conf) if name.lower() not in named):
        reader.register_opts(opts.site_opts(), section)
    try:
        given = dict(_given(reader, conf))
    except InvalidConfiguration:
        Settings.load(files)  # names the line, if it is wrong in a file
        raise
    plain = _plain(files)
    if given == plain and not conf.config_source:
        return Settings.load(files)
    for option, found in given.items():
        _check(option, found, given)
    return _from_text(given, sites, files)


def _files(conf: cfg.ConfigOpts) -> list[str]:
    """The files that were read, in their order."""
    try:
        named = [os.path.abspath(os.path.expanduser(file)) for file in conf.config_file or ()]
    except cfg.NoSuchOptError:
        raise InvalidConfiguration(
            "these ConfigOpts have read nothing yet", "call them before: conf(args, project='protector')"
        ) from None
    directories = conf.config_dirs or conf.default_config_dirs
    below = [
        file for each in directories for file in sorted(glob.glob(os.path.join(os.path.expanduser(each), "*.conf")))
    ]
    # the usual directories come before files of the command line
    usual_first = conf.config_file != conf.default_config_files and not conf.config_dirs
    return [*below, *named] if usual_first else [*named, *below]


def _plain(files: list[str]) -> dict[_Option, _Given] | None:
    """What files and environment alone say; ``None``: they alone would be refused."""
    try:
        return dict(_given(_reader(files, use_env=True), None))
    except InvalidConfiguration:
        return None


def _reader(files: list[str], *, use_env: bool) -> cfg.ConfigOpts:
    """The same files under our options: in the service's own ``conf`` they would be in the way of oslo.log and oslo.db,
    which refuse to register theirs beside others of the same name."""
    reader = cfg.ConfigOpts()
    try:
        reader([], project="protector", default_config_files=files, default_config_dirs=[], use_env=use_env)
    except cfg.Error:
        Settings.load(files)  # says what is wrong, and where
        raise InvalidConfiguration("a file of the configuration changed while it was read", "try again") from None
    opts.register(reader)
    for section in _sites(reader.list_all_sections()):
        reader.register_opts(opts.site_opts(), section)
    return reader


def _sites(sections: Iterable[str]) -> list[str]:
    """Those of sites, as they are spelled."""
    return [name for name in sections if name.lower().startswith(opts.SITE)]


def _given(reader: cfg.ConfigOpts, conf: cfg.ConfigOpts | None) -> Iterator[tuple[_Option, _Given]]:
    """What is set: in ``conf``, as far as it knows the option, else in the files and the environment."""
    spelled = {name.lower(): name for name in conf or ()}
    files = reader.default_config_files
    tables = [(group.name if group else "DEFAULT", each) for group, each in opts.list_opts()]
    tables += [(section, opts.site_opts()) for section in _sites(reader)]
    for section, table in tables:
        group = section if section == "DEFAULT" else spelled.get(section.lower(), section)
        for opt in table:
            if conf is not None and _knows(conf, group, opt.name):
                found = _look(conf, group, section, opt, files)
            else:
                found = _look(reader, section, section, opt, files)
            if found is not None:
                yield (section, opt.name), found


def _knows(conf: cfg.ConfigOpts, group: str, name: str) -> bool:
    if group == "DEFAULT":
        return name in conf
    if group not in conf:
        return False
    found = conf[group]
    # a service may have an option of the name of our section
    return isinstance(found, cfg.ConfigOpts.GroupAttr) and name in found


def _look(conf: cfg.ConfigOpts, group: str, section: str, opt: cfg.Opt, files: list[str]) -> _Given | None:
    """What the option is set to; ``None``: nobody set it."""
    is_default = group == "DEFAULT"
    try:
        location = conf.get_location(opt.name, None if is_default else group)
        value = conf[opt.name] if is_default else conf[group][opt.name]
    except (cfg.Error, ValueError):
        # oslo.config repeats the value, which may have got a secret by substitution
        raise InvalidConfiguration(f"[{section}] {opt.name}: oslo.config refuses the value", _allowed(opt)) from None
    if location is None or location.location is cfg.Locations.opt_default:
        return None
    place = _place(location, files)
    if not isinstance(value, (str, int, type(None))):
        message = f"{place}: [{section}] {opt.name} is {type(value).__name__}, as somebody registered it"
        raise InvalidConfiguration(message, "register protector.opts.list_opts() for this section")
    return _Given("" if value is None else str(value), place, bool(opt.secret))


def _allowed(opt: cfg.Opt) -> str:
    if isinstance(opt, cfg.BoolOpt):
        return "write True or False"
    if choices := getattr(opt.type, "choices", None):
        return f"write one of: {', '.join(choices)}"
    if getattr(opt.type, "regex", None):
        return "write one word of letters, digits, '-' and '_'"
    least, most = getattr(opt.type, "min", None), getattr(opt.type, "max", None)
    if least is not None:
        return f"write a whole number from {least} to {most}"
    return "write $$ for a dollar sign, ${name} to end a name early"


def _place(location: cfg.LocationInfo, files: list[str]) -> str:
    """As people find it. oslo.config names the last file that has the section, which need not be the one."""
    if location.location is cfg.Locations.environment:
        return f"environment variable {location.detail}"
    if location.location is cfg.Locations.command_line:
        return "command line"
    if location.location is cfg.Locations.user:
        return ", ".join(files) if location.detail in files else location.detail or "configuration"
    return f"set by {location.detail}" if location.detail else "set by the program"


def _check(option: _Option, found: _Given, given: dict[_Option, _Given]) -> None:
    """Refuses what cannot be handed over."""
    section, name = option
    place = f"{found.place}: [{section}] {name}"
    if _UNWRITABLE.search(found.text):
        raise InvalidConfiguration(
            rf"{place} holds a line break, \$ or what is not UTF-8", "write the value without it"
        )
    for (other_section, other), secret in given.items():
        if not found.secret and secret.held and secret.held in found.text:
            raise InvalidConfiguration(
                f"{place} holds the secret [{other_section}] {other}, and is shown in the clear", "write it without"
            )


def _from_text(given: dict[_Option, _Given], sites: list[str], files: list[str]) -> Settings:
    lines, places = [], []
    # no service registers them: what is in these sections only their drivers know
    for name, options in Settings.drivers_in(files).items():
        section = f"{opts.DRIVER}{name}"
        for option, text in options.items():
            _check((section, option), _Given(text, ", ".join(files), secret=True), {})
        lines += [f"[{section}]", *(_line(option, text) for option, text in options.items())]
        places += [", ".join(files)] * (1 + len(options))
    # a site without any option is a site, too
    for section in dict.fromkeys([*(section for section, _ in given), *sites]):
        lines.append(f"[{section}]")
        places.append(", ".join(files) or "configuration")
        for (_, name), found in ((option, each) for option, each in given.items() if option[0] == section):
            lines.append(_line(name, found.text))
            places.append(found.place)
    try:
        return Settings.from_text("\n".join(lines), files)
    except InvalidConfiguration as error:
        message = re.sub(r"<text>:(\d+)", lambda line: places[int(line[1]) - 1], error.message)
        raise InvalidConfiguration(message, error.remedy) from None


def _line(option: str, text: str) -> str:
    """In quotes, so that white space and quotes of the value's own stay."""
    return f'{option} = "{text.replace("$", "$$")}"'
