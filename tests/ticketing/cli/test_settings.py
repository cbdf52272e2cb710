"""Settings and homes that can't be used. The message names the setting or the file."""

import pytest

from tests.commands import environment, ticketing


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'home = "a"\nlog_level = [', "ticketing.toml is not valid TOML: Invalid value (at end of document)"),
        (b"\n\nlog_level = INFO\n", "ticketing.toml is not valid TOML: Invalid value (at line 3, column 13)"),
        (b'home = "\xff"', "ticketing.toml is not UTF-8 (byte 8): save it as UTF-8"),
        (b'cache = "a\\u0000b"', "cache: a path can't hold a null byte"),
        (b"[gate]\nacuracy = 0.9", "gate.acuracy: Extra inputs are not permitted"),
    ],
)
def test_error_for_an_invalid_settings_file_names_the_file_and_the_position(refused, tmp_path, content, expected):
    (tmp_path / "ticketing.toml").write_bytes(content)
    assert expected in refused("status")


def test_settings_file_that_is_a_folder_raises_an_error(refused, tmp_path):
    (tmp_path / "ticketing.toml").mkdir()
    assert "ticketing.toml is not a file" in refused("status")


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        (
            "TICKETING_PREFECT__NIGHTLY_CRON",
            "61 * * * *",
            "prefect.nightly_cron: '61 * * * *' is not a cron expression",
        ),
        (
            "TICKETING_PREFECT__RETRAIN_CRON",
            "0 4 30 2 *",
            "prefect.retrain_cron: '0 4 30 2 *' is not a cron expression",
        ),
        ("TICKETING_PREFECT__NIGHTLY_CRON", "@daily", "write minute, hour, day, month and weekday"),
        ("TICKETING_PREFECT__TIMEZONE", "Mars/Base", "prefect.timezone: 'Mars/Base' is not a time zone"),
        ("TICKETING_IMPORTING__TIMEZONE", "Europe", "importing.timezone: 'Europe' is not a time zone"),
        ("TICKETING_GATE__ACCURACY", "1.5", "gate.accuracy: Input should be less than or equal to 1"),
        ("TICKETING_GATE", "0.9", "gate: Input should be a valid dictionary"),
        ("TICKETING_LOG_LEVEL", "LOUD", "log_level: Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("TICKETING_PRIVACY__ORDER_PATTERNS", "secret", "TICKETING_PRIVACY__ORDER_PATTERNS can't be read"),
        ("TICKETING_HOME", "~nobody-here/x", "names the folder of a user who does not exist"),
    ],
)
def test_error_for_an_invalid_environment_variable_names_the_setting(refused, variable, value, expected):
    message = refused("status", **{variable: value})
    assert expected in message
    assert "secret" not in message


def test_help_needs_no_settings(command, tmp_path):
    (tmp_path / "ticketing.toml").write_text("[")
    assert command("import", "--help").returncode == 0


@pytest.mark.parametrize("arguments", [("status",), ("import", "x.csv"), ("demo",), ("up",), ("review", "list")])
def test_home_that_is_a_file_is_refused_by_every_command(refused, tmp_path, arguments):
    (tmp_path / "x.csv").write_text("body,category\na,b\n")
    (tmp_path / "home-file").write_text("mine")
    variables = {"TICKETING_HOME": str(tmp_path / "home-file"), "TICKETING_DATABASE_URL": None}
    assert f"The home folder {tmp_path}/home-file is a file. Set TICKETING_HOME" in refused(*arguments, **variables)
    assert (tmp_path / "home-file").read_text() == "mine"


@pytest.mark.parametrize(
    ("home", "expected"),
    [
        ("/proc/ticketing", "can't be created: No such file or directory"),  # Not even root can make a folder in /proc.
        ("/proc", "can't be written to: No such file or directory"),
        ("x" * 300, "can't be created: File name too long"),
        ("file/below", "can't be created: Not a directory"),
        ("loop/below", "its symbolic links form a loop"),
    ],
)
def test_unusable_home_folder_is_refused_with_the_reason(refused, tmp_path, home, expected):
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    message = refused("status", TICKETING_HOME=home)
    assert expected in message and "Set TICKETING_HOME to a folder" in message


def test_home_with_a_path_too_long_for_a_socket_is_refused_with_the_limit(refused, tmp_path):
    message = refused("status", TICKETING_HOME=str(tmp_path / ("x" * 100)), TICKETING_DATABASE_URL=None)
    assert "is too long for the embedded Postgres" in message and "of at most 103" in message


def test_doctor_reports_an_invalid_home_and_continues_with_other_checks(tmp_path):
    (tmp_path / "file").write_text("")
    result = ticketing(environment(tmp_path / "file"), tmp_path, "doctor")
    output = " ".join(result.stdout.split())
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert f"The home folder {tmp_path}/file is a file. Set TICKETING_HOME" in output
    assert "ok memory" in output and "base models" in output
