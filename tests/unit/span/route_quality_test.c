// How well the heuristic tells identifiers from names, on labelled paths (tests/route/): figures per segment, with
// floors under them. Nothing was tuned on the held-out half. ROUTE_QUALITY_MISSES=1 prints the mistakes of the other
// one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "collector/span/route_path.h"
#include "collector/span/route_shape.h"
#include "common/lib/cleanup.h"

enum label { FIXED, IDENTIFIER, NAME, LABEL_MAX }; // plain text, {identifier}, <name>

struct figures {
    unsigned paths, whole; // whole: every place right, names aside
    unsigned segments[LABEL_MAX], varied[LABEL_MAX];
};

// Removes the marks of a line; returns the label of each segment.
static unsigned line_read(char *line, char *path, enum label *labels)
{
    unsigned count = 0;
    size_t n = 0;
    for (char *at = line; *at && *at != '\n'; at++) {
        if (*at == '/')
            labels[count++] = FIXED;
        if (*at == '{' || *at == '<')
            labels[count - 1] = *at == '{' ? IDENTIFIER : NAME;
        else if (*at != '}' && *at != '>')
            path[n++] = *at;
    }
    path[n] = 0;
    return path[n - 1] == '/' ? count - 1 : count; // nothing behind a slash at the end
}

static void path_judge(const char *text, const enum label *labels, unsigned count, bool print, struct figures *figures)
{
    static struct route_path path;
    char scratch[ROUTE_SHAPE_MAX];
    bool right = true;
    assert_true(route_path_split(str_from(text), false, &path));
    assert_int_equal(path.count, count);
    for (unsigned i = 0; i < count; i++) {
        const struct route_shape_place place = {path.segment[i], i ? path.segment[i - 1] : STR(""), i, i + 1 == count};
        struct str shape = route_shape(&place, scratch);
        bool varies = memmem(shape.p, shape.n, "{id}", 4) != NULL;
        figures->segments[labels[i]]++;
        figures->varied[labels[i]] += varies;
        if (labels[i] != NAME && varies != (labels[i] == IDENTIFIER)) {
            right = false;
            if (print)
                print_message("%-10s " STR_FMT " of %s\n", varies ? "not kept:" : "kept:", STR_ARG(path.segment[i]),
                              text);
        }
    }
    figures->paths++;
    figures->whole += right;
}

static void file_judge(const char *name, bool print, struct figures *ret_figures)
{
    char line[512], path[512];
    enum label labels[ROUTE_PATTERN_PLACES + 1];
    FILE *file = fopen(name, "r");
    *ret_figures = (struct figures){0};
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (line[0] == '/') {
            unsigned count = line_read(line, path, labels);
            path_judge(path, labels, count, print, ret_figures);
        }
    fclose(file);
}

static double percent(unsigned part, unsigned whole)
{
    return whole ? 100.0 * part / whole : 100;
}

// Precision: of what became {id}, how much is one (a name counts as right: it varies). Recall: of identifiers, how
// many.
static void figures_check(const char *name, bool print, double precision_floor, double recall_floor, double whole_floor)
{
    struct figures figures;
    file_judge(name, print, &figures);
    unsigned found = figures.varied[IDENTIFIER] + figures.varied[NAME];
    double precision = percent(found, found + figures.varied[FIXED]);
    double recall = percent(figures.varied[IDENTIFIER], figures.segments[IDENTIFIER]);
    double whole = percent(figures.whole, figures.paths);
    print_message("%s: paths=%u segments=%u/%u/%u (fixed/identifiers/names) precision=%.1f%% recall=%.1f%% "
                  "recall_with_names=%.1f%% fixed_kept=%.1f%% paths_right=%.1f%%\n",
                  name, figures.paths, figures.segments[FIXED], figures.segments[IDENTIFIER], figures.segments[NAME],
                  precision, recall, percent(found, figures.segments[IDENTIFIER] + figures.segments[NAME]),
                  100 - percent(figures.varied[FIXED], figures.segments[FIXED]), whole);
    assert_true(figures.paths >= 250);
    assert_true(precision >= precision_floor);
    assert_true(recall >= recall_floor);
    assert_true(whole >= whole_floor);
}

static void the_half_it_was_tuned_on(void **state)
{
    figures_check("tests/route/paths_tuning.txt", getenv("ROUTE_QUALITY_MISSES") != NULL, 99, 98, 98);
}

static void the_half_it_never_saw(void **state)
{
    figures_check("tests/route/paths_heldout.txt", false, 96, 97, 95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_half_it_was_tuned_on),
        cmocka_unit_test(the_half_it_never_saw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
