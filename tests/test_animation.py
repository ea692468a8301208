"""Races: films and players from a student's own paths, whatever these are; no colour lost, nothing referenced outside."""

from __future__ import annotations

import json
import re
import stat
import sys
import warnings
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

import labbrowser
import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from descentlab import objectives, plots, svg
from descentlab.plots import raster, style
from descentlab.recordings import Ghost

METHODS = ("GD", "Momentum", "NAG", "Adagrad", "RMSprop", "Adadelta", "Adam")
BEALE, SADDLE, WELL = (objectives.get(name) for name in ("beale", "saddle", "double_well"))


def walk(objective, lr, n=119, start=None):
    points = [np.array(objective.start if start is None else start, dtype=float)]
    for _ in range(n):
        with np.errstate(all="ignore"):
            points.append(points[-1] - lr * objective.gradient(points[-1]))
    return np.array(points)


def seven(n=119):
    """Seven paths that keep apart from each other all the way."""
    share = np.linspace(0, 1, n + 1)
    return {name: np.stack([4 * share, 0.4 * i - 0.8 + 0.1 * np.sin(9 * share)], axis=1) for i, name in enumerate(METHODS)}


def ghosts(paths):
    return {name: Ghost(path, {"lr": 0.1}, True) for name, path in paths.items()}


@pytest.fixture(autouse=True)
def _strict():
    """A warning on stderr would be a failure of the cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def race():
    return plots.race_animation("beale", seven(), ghosts=ghosts(seven()), title="Seven methods")


@pytest.fixture(scope="module")
def film(race, tmp_path_factory):
    """The film of `race`: its file, and its frames as colours."""
    path = race.save(tmp_path_factory.mktemp("film") / "race.gif")
    with Image.open(path) as picture:
        shown = []
        for number in range(picture.n_frames):
            picture.seek(number)
            shown.append((picture.info["duration"], np.array(picture.convert("RGB"))))
    return path, shown


# Films ------------------------------------------------------------------------------------------------------------------------


def test_a_film_has_its_frames_and_lasts_as_long_as_it_should(film):
    path, shown = film
    assert len(shown) == 120
    assert {duration for duration, _ in shown[:-1]} == {50}
    assert shown[-1][0] == 50 + 1000 * raster.HOLD
    assert shown[0][1].shape == (360, 480, 3)
    assert path.stat().st_size < 1_000_000


def test_no_line_loses_its_colour(film):
    _, shown = film
    palette = style.colours(METHODS)
    assert len(set(palette.values())) == len(METHODS)
    for colour in palette.values():
        wanted = np.round(255 * np.array(mpl.colors.to_rgb(colour)))
        start, early, middle, end = (int((shown[frame][1] == wanted).all(axis=-1).sum()) for frame in (0, 10, 60, 119))
        # What is seen at the start is the legend's; the line grows from there on.
        assert start > 10
        assert end > middle + 50 > early + 100


def test_frames_that_are_put_together_from_changes_are_the_frames_that_were_drawn(race, film):
    _, shown = film
    for number, (pixels, (_, decoded)) in enumerate(zip(raster.frames(race), shown, strict=True)):
        if number % 20 == 19:
            # Every colour is near its own: the palette is made for these pictures.
            assert np.abs(pixels[..., :3].astype(int) - decoded).mean() < 1.0
            assert np.abs(pixels[..., :3].astype(int) - decoded).max() < 80


def test_each_frame_shows_its_step_and_no_later_one():
    paths = {"GD": np.stack([np.linspace(0, 4, 11), np.full(11, 0.5)], axis=1)}
    race = plots.race_animation("beale", paths)
    blue = np.round(255 * np.array(mpl.colors.to_rgb(style.method_colour("GD"))))
    ends = []
    for pixels in raster.frames(race):
        # Above the legend.
        columns = np.flatnonzero((pixels[:250, :, :3] == blue).all(axis=-1).any(axis=0))
        ends.append(columns.max())
    assert len(ends) == 11
    assert np.ptp(np.diff(ends)) <= 2
    assert min(np.diff(ends)) > 20


def test_a_long_race_leaves_out_steps_and_keeps_its_ends():
    race = plots.race_animation("beale", {"GD": walk(BEALE, 0.001, 1000)}, frames=50)
    assert len(race.steps) == 50
    assert (race.steps[0], race.steps[-1]) == (0, 1000)
    assert len(plots.race_animation("beale", {"GD": walk(BEALE, 0.001, 10)}).steps) == 11


def test_the_same_race_makes_the_same_files(tmp_path):
    for name in ("race.gif", "race.html", "race.svg"):
        one, two = (
            plots.race_animation("beale", seven(20), ghosts=ghosts(seven(20)), title="Again").save(tmp_path / f"{n}{name}")
            for n in (1, 2)
        )
        assert one.read_bytes() == two.read_bytes(), name


def test_a_film_is_drawn_in_the_courses_look_whatever_the_reader_has_set(tmp_path):
    plain = plots.race_animation("beale", seven(3)).save(tmp_path / "a.gif").read_bytes()
    with mpl.rc_context({"figure.dpi": 200, "axes.facecolor": "red", "lines.linewidth": 9, "savefig.dpi": 40}):
        assert plots.race_animation("beale", seven(3)).save(tmp_path / "b.gif").read_bytes() == plain


def test_another_ending_is_refused_with_those_that_there_are(race, tmp_path):
    with pytest.raises(ValueError, match=r"race\.avi: a race is saved as one of \.gif, \.mp4, \.html, \.svg"):
        race.save(tmp_path / "race.avi")


def test_without_ffmpeg_an_mp4_is_refused_with_what_to_do(race, tmp_path):
    with (
        mpl.rc_context({"animation.ffmpeg_path": "no-such-program"}),
        pytest.raises(FileNotFoundError, match=r"save a \.gif or \.html"),
    ):
        race.save(tmp_path / "race.mp4")
    assert not (tmp_path / "race.mp4").exists()


@pytest.fixture
def encoder(tmp_path):
    """A program in the place of ffmpeg, that notes what it is given."""
    program = tmp_path / "encoder"
    code = "import json, sys; json.dump([sys.argv[1:], len(sys.stdin.buffer.read())], open(sys.argv[-1], 'w'))"
    program.write_text(f"#!{sys.executable}\n{code}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with mpl.rc_context({"animation.ffmpeg_path": str(program)}):
        yield program


def test_an_encoder_gets_every_frame_and_the_last_one_for_longer(encoder, tmp_path):
    race = plots.race_animation("beale", seven(9), seconds=2.0)
    given, size = json.loads(race.save(tmp_path / "race.mp4").read_text())
    assert given[given.index("-s") + 1] == "480x360"
    assert given[given.index("-r") + 1] == "5"
    assert size == (10 + 10) * 480 * 360 * 4


def test_what_an_encoder_says_when_it_fails_is_passed_on(encoder, tmp_path):
    encoder.write_text(f"#!{sys.executable}\nimport sys; sys.exit('no such codec')\n")
    with pytest.raises(RuntimeError, match=r"ffmpeg could not write race\.mp4: no such codec"):
        plots.race_animation("beale", seven(9)).save(tmp_path / "race.mp4")


# What students' functions do --------------------------------------------------------------------------------------------------


def raises():
    raise ZeroDivisionError("by $nothing$ at <all>")


ODD = {
    "raises": (raises, "ZeroDivisionError: by $nothing$ at <all> (line 2 of raises)"),
    "is not written": (lambda: None, "not written yet"),
    "is not there": (None, "not written yet"),
    "is text": ("text", "returns str, not an array of numbers"),
    "is a number": (3.0, "returns the shape (), wanted (n, 2)"),
    "has three coordinates": (np.zeros((5, 3)), "returns the shape (5, 3), wanted (n, 2)"),
    "is empty": (np.zeros((0, 2)), "returns an empty array"),
    "is nowhere": (np.full((5, 2), np.nan), "not a number (NaN) from step 0 on"),
    "ends in NaN": (np.vstack([walk(BEALE, 0.01, 3), np.full((3, 2), np.nan)]), "not a number (NaN) from step 4 on"),
    "overflows": (walk(BEALE, 10.0), "diverges, off the map at step 1"),
    "is one point": ([BEALE.start], "still on its way after 0 steps"),
    "is short": (walk(BEALE, 0.01, 5), "still on its way after 5 steps"),
    "is a list": (walk(BEALE, 0.01, 5).tolist(), "still on its way after 5 steps"),
}


@pytest.mark.parametrize("odd", ODD)
def test_whatever_a_path_is_the_others_race_and_the_words_say_it(odd, tmp_path, capfd):
    given, words = ODD[odd]
    race = plots.race_animation("beale", {"mine": given, "GD": walk(BEALE, 0.01, 40)}, title="Race")
    assert f"mine, {words}" in race.words
    assert "GD, still on its way after 40 steps" in race.words
    assert race.n_steps >= 40
    ElementTree.fromstring(race._repr_svg_())
    Legend.check(race)
    with Image.open(race.save(tmp_path / "race.gif")) as picture:
        assert picture.n_frames == len(race.steps)
    assert dict(zip(race.numbers()[0], race.numbers()[1], strict=True))["how it ended"] == words
    assert capfd.readouterr() == ("", "")


class Legend:
    """Reads what stands in a race's picture."""

    @staticmethod
    def texts(race):
        return ["".join(node.itertext()) for node in ElementTree.fromstring(race._repr_svg_()).iter() if node.tag.endswith("}text")]

    @staticmethod
    def check(race):
        for runner in race.runners:
            assert runner.label in Legend.texts(race)


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (lambda: None, "not written yet"),
        (raises, "ZeroDivisionError"),
        (lambda: walk(BEALE, 0.01), "returns ndarray, not a dict of paths"),
        (lambda: [1, 2], "returns list, not a dict of paths"),
        (7, "returns int, not a dict of paths"),
    ],
)
def test_where_there_are_no_paths_the_ghosts_run_alone(paths, words, tmp_path):
    race = plots.race_animation("beale", paths, ghosts=ghosts({"GD": walk(BEALE, 0.01, 30), "Adam": walk(BEALE, 0.02, 30)}))
    assert [runner.name for runner in race.runners] == ["GD", "Adam"]
    assert all(words in runner.words and runner.path is None for runner in race.runners)
    assert race.n_steps == 30
    race.save(tmp_path / "race.gif")
    alone = plots.race_animation("beale", paths)
    assert f"the race, {words}" in alone.words
    assert alone.save(tmp_path / "alone.gif").is_file()
    ElementTree.fromstring(alone._repr_svg_())


def test_no_methods_at_all_leave_a_map(tmp_path):
    race = plots.race_animation("beale", {}, title="Nobody")
    assert race.words == "Nobody, 0 steps: nobody runs."
    race.save(tmp_path / "race.gif")
    ElementTree.fromstring(race._repr_svg_())


def test_a_method_that_has_a_ghost_alone_is_invited_to_run():
    race = plots.race_animation("beale", {"GD": walk(BEALE, 0.01, 5)}, ghosts=ghosts({"Adam": walk(BEALE, 0.02, 9)}))
    assert "Adam, not written yet" in race.words
    assert race.n_steps == 9


def test_odd_names_are_names(tmp_path):
    names = [
        "_hidden",
        "$\\frac{",
        "<b>&\"'",
        7,
        "a name that is much too long for any legend that anybody would want to read " * 3,
    ]
    race = plots.race_animation("beale", {name: walk(BEALE, 0.01, 5) for name in names}, title="<i> & $x$")
    race.save(tmp_path / "race.gif")
    assert "_hidden: still on its way after 5 steps" in Legend.texts(race)
    assert "<b>&\"': still on its way after 5 steps" in Legend.texts(race)
    assert "<b>" not in race._repr_html_()


def test_a_loop_without_an_end_is_stopped(monkeypatch):
    monkeypatch.setattr("descentlab.plots.animation.LIMIT", 0.1)

    def endless():
        while True:
            pass

    assert "does a loop never end" in plots.race_animation("beale", {"GD": endless}).words
    assert "does a loop never end" in plots.race_animation("beale", endless).words


def test_paths_are_kept_as_they_were():
    path = walk(BEALE, 0.01, 5)
    race = plots.race_animation("beale", {"GD": path}, ghosts=ghosts({"GD": walk(BEALE, 0.01, 5)}))
    before = race._repr_svg_()
    path[:] = 0
    assert race._repr_svg_() == before


def test_a_line_ends_where_it_leaves_the_map_for_good():
    race = plots.race_animation("saddle", {"GD": walk(SADDLE, 0.1, 119)})
    (runner,) = race.runners
    step = int(re.search(r"off the map at step (\d+)", runner.words)[1])
    np.testing.assert_array_equal(runner.path, walk(SADDLE, 0.1, 119)[: step + 1])


def test_wrong_settings_are_refused():
    with pytest.raises(KeyError, match="there is no objective"):
        plots.race_animation("hill", {})
    for wrong in ({"seconds": 0}, {"frames": 1}):
        with pytest.raises(ValueError, match="a race takes more than no time"):
            plots.race_animation("beale", {}, **wrong)


@pytest.mark.parametrize("name", [name for name in objectives.names() if name != "quadratic"])
def test_a_race_can_be_run_on_every_landscape(name, tmp_path, capfd):
    objective = objectives.get(name)
    race = plots.race_animation(name, {"GD": walk(objective, 1e-3, 12), "wild": walk(objective, 1e3, 12)})
    race.save(tmp_path / "race.gif")
    ElementTree.fromstring(race._repr_svg_())
    assert capfd.readouterr() == ("", "")


def test_one_parameter_runs_on_its_curve():
    path = walk(WELL, 0.1, 20)
    race = plots.race_animation("double_well", {"GD": path})
    line = re.search(r"<g data-runner=''><polyline points=\"([^\"]*)\"", race._repr_svg_())[1]
    drawn = np.array([pair.split(",") for pair in line.split()], dtype=float)
    np.testing.assert_allclose(drawn, race.frame.pixels(np.stack([path, WELL.value(path)], axis=1)), atol=0.051)


# The player -------------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def one(self, tag):
        (found,) = [attributes for name, attributes in self.elements if name == tag]
        return found


def test_where_scripts_do_not_run_the_whole_paths_stand_with_their_words(race):
    picture = Page(race._repr_html_()).one("img")
    assert picture["alt"] == race.words
    kind, _, text = picture["src"].partition(",")
    assert kind == "data:image/svg+xml"
    assert svg.fixed(unquote(text)) == race._repr_svg_()
    root = ElementTree.fromstring(race._repr_svg_())
    assert root.get("aria-label") == race.words
    runners = [node for node in root.iter("{http://www.w3.org/2000/svg}g") if node.get("data-runner") is not None]
    assert [len(node[0].get("points").split()) for node in runners] == [120] * 14


def test_nothing_outside_is_referenced(race):
    html, picture = race._repr_html_(), race._repr_svg_()
    for text in (html, unquote(html), picture):
        assert set(re.findall(r"https?://[^\s\"'<>]*", text)) <= {"http://www.w3.org/2000/svg"}
        assert not re.search(r"@import|url\((?!#)|\bfetch\(|XMLHttpRequest|import\(|WebSocket", text)
    for _, attributes in Page(html).elements:
        assert not {"srcset", "href", "action", "data"} & set(attributes)
        assert attributes.get("src", "data:").startswith("data:")


def test_a_player_is_small(race):
    assert len(race._repr_html_()) < 150_000


def test_the_numbers_are_those_of_the_paths(race):
    head, *rows = race.numbers()
    assert head == ["method", "J at t = 0", "J at t = 30", "J at t = 60", "J at t = 89", "J at t = 119", "last θ", "how it ended"]
    for (name, path), row in zip(seven().items(), rows, strict=True):
        assert row[0] == name
        assert [float(cell) for cell in row[1:6]] == pytest.approx([BEALE.value(path[t]) for t in (0, 30, 60, 89, 119)], rel=1e-3)
        assert [float(part) for part in row[6].split(",")] == pytest.approx(path[-1], rel=1e-3)
        assert all(cell in race._repr_html_() for cell in row[1:6])


def test_of_a_very_long_race_the_player_leaves_out_steps_and_keeps_every_end():
    race = plots.race_animation("beale", {"GD": walk(BEALE, 1e-3, 25_000), "short": walk(BEALE, 1e-3, 60)})
    attributes = Page(race._repr_html_()).one("figure")
    assert (attributes["data-steps"], attributes["data-last"]) == ("25000", "1000")
    drawn = [line.split() for line in re.findall(r"<g data-runner=''><polyline points=\"([^\"]*)\"", race._repr_svg_())]
    # A place is 25 steps; after 60 of them the short one is at its end, which is its third point after the start.
    assert [len(line) for line in drawn] == [1001, 4]
    for runner, line in zip(race.runners, drawn, strict=True):
        np.testing.assert_allclose(np.array(line[-1].split(","), float), race.frame.pixels(runner.path[-1:])[0], atol=0.051)


def test_a_ghost_that_was_made_elsewhere_says_so():
    race = plots.race_animation(
        "beale", {"GD": walk(BEALE, 0.01, 5)}, ghosts={"GD": Ghost(walk(BEALE, 0.01, 5), {"lr": 0.02}, False)}
    )
    assert "reference at η = 0.02" in Legend.texts(race)


def test_black_is_the_colour_of_the_themes_text():
    names = [f"line {i}" for i in range(len(style.PALETTE))]
    picture = unquote(plots.race_animation("beale", {name: walk(BEALE, 0.01, 5) for name in names})._repr_html_())
    assert "#000000" not in picture
    assert picture.count(f'stroke="{svg.INK}" stroke-width="1.8"') == 2


def test_marks_differ_where_colours_do():
    for labels in (METHODS, [f"line {i}" for i in range(len(style.PALETTE))], [*style.METHODS]):
        assert len({style.mark(colour) for colour in style.colours(labels).values()}) == len(labels)


@pytest.fixture(scope="module")
def page(race, tmp_path_factory):
    """The player in a browser, and what went wrong there or was asked for."""
    if labbrowser.chromium() is None:
        pytest.skip("there is no Chromium")
    path = race.save(tmp_path_factory.mktemp("player") / "race.html")
    with labbrowser.browser() as browser:
        page = browser.new_page()
        noted = []
        page.on("console", lambda message: noted.append(message.text))
        page.on("pageerror", lambda error: noted.append(str(error)))
        page.on(
            "request", lambda request: noted.append(request.url[:40]) if not request.url.startswith(("file:", "data:")) else None
        )
        page.goto(path.as_uri())
        yield page, noted


def shown(page):
    """The step that the player tells, and the lengths of the lines that it draws."""
    lengths = page.eval_on_selector_all(
        "[data-runner] polyline", "lines => lines.map(line => line.getAttribute('points').split(' ').length)"
    )
    return page.inner_text("output"), set(lengths)


def test_in_a_browser_it_plays_pauses_and_scrubs(page):
    page, noted = page
    assert shown(page) == ("step 119 of 119", {120})
    page.locator("input").fill("40")
    assert shown(page) == ("step 40 of 119", {41})
    page.locator("input").press("ArrowRight")
    assert shown(page) == ("step 41 of 119", {42})
    page.click("button")
    assert page.inner_text("button") == "Pause"
    page.wait_for_function("Number(document.querySelector('input').value) > 45")
    page.click("button")
    assert page.inner_text("button") == "Play"
    before = shown(page)
    page.wait_for_timeout(200)
    assert shown(page) == before
    page.locator("input").fill("117")
    page.click("button")
    page.wait_for_function("document.querySelector('button').textContent === 'Play'")
    assert shown(page) == ("step 119 of 119", {120})
    assert noted == []
