/*
 * Plans an operation on facts from a file, without an engine and without asking anybody.
 *
 *     cc plan.c $(pkg-config --cflags --libs protector)
 *     ./a.out facts.json '{"operation":"sync"}'
 */
#include "protector.h"

#include <stdio.h>
#include <stdlib.h>

/* A whole file as text, to be freed; NULL if it cannot be read. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long size;
    if (file == NULL) {
        return NULL;
    }
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0
        && (text = malloc((size_t)size + 1)) != NULL) {
        text[fread(text, 1, (size_t)size, file)] = '\0';
    }
    fclose(file);
    return text;
}

int main(int count, char **arguments)
{
    protector_error *error;
    char *plan, *text;
    char *facts = count == 3 ? read_file(arguments[1]) : NULL;
    if (facts == NULL) {
        fprintf(stderr, "usage: plan FACTS_FILE REQUEST_JSON\n");
        return 2;
    }
    if (protector_plan(facts, arguments[2], &plan, &error) != PROTECTOR_STATUS_OK) {
        fprintf(stderr, "[%s] %s\n", protector_error_code(error), protector_error_message(error));
        protector_error_free(error);
        free(facts);
        return 1;
    }
    free(facts);
    if (protector_plan_text(plan, &text, NULL) == PROTECTOR_STATUS_OK) {
        fputs(text, stdout);
        protector_string_free(text);
    }
    protector_string_free(plan);
    return 0;
}
