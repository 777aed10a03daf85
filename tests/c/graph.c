/* A plan is drawn as the golden files say. Arguments: the file of a plan, then pairs of a format and the file with its
 * drawing. */
#include "check.h"
#include "read_file.h"

static void refused(const char *plan, const char *format, protector_status wanted)
{
    protector_error *error;
    char *graph;
    CHECK(protector_plan_graph(plan, format, &graph, &error) == wanted);
    CHECK(graph == NULL && error != NULL);
    protector_error_free(error);
}

int main(int count, char **arguments)
{
    CHECK(count > 1 && count % 2 == 0);
    char *plan = read_file(arguments[1]);
    for (int i = 2; i + 1 < count; i += 2) {
        protector_error *error;
        char *graph, *wanted = read_file(arguments[i + 1]);
        OK(protector_plan_graph(plan, arguments[i], &graph, &error));
        CHECK_TEXT(graph, wanted);
        printf("%s\n", arguments[i]);
        protector_string_free(graph);
        free(wanted);
    }
    refused(plan, "png", PROTECTOR_STATUS_INVALID_REQUEST);
    refused("{}", "svg", PROTECTOR_STATUS_INVALID_REQUEST);
    refused(NULL, "svg", PROTECTOR_STATUS_NULL_ARGUMENT);
    refused(plan, NULL, PROTECTOR_STATUS_NULL_ARGUMENT);
    free(plan);
    return 0;
}
