/* Reads values out of JSON text that the library wrote; it is not a validator. */
#ifndef JSON_H
#define JSON_H

#include <stdlib.h>
#include <string.h>

static inline const char *json_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* The end of the value that starts at `at`; NULL if there is none. */
static inline const char *json_end(const char *at)
{
    int depth = 0;
    do {
        at = json_space(at);
        if (*at == '\0') {
            return NULL;
        } else if (*at == '"') {
            for (at++; *at != '"'; at++) {
                if (*at == '\0' || (*at == '\\' && *++at == '\0')) {
                    return NULL;
                }
            }
            at++;
        } else if (*at == '{' || *at == '[') {
            depth++, at++;
        } else if (*at == '}' || *at == ']') {
            depth--, at++;
        } else if (*at == ',' || *at == ':') {
            at++;
        } else {
            at += strcspn(at, ",:]} \t\r\n");
        }
    } while (depth > 0);
    return at;
}

static inline char *json_copy(const char *from, const char *to)
{
    size_t length = (size_t)(to - from);
    char *copy = malloc(length + 1);
    if (copy != NULL) {
        memcpy(copy, from, length);
        copy[length] = '\0';
    }
    return copy;
}

/* The value of a member of an object, as JSON text to be freed; NULL if it has none of that name. */
static inline char *json_member(const char *object, const char *name)
{
    const char *at = json_space(object), *end;
    size_t length = strlen(name);
    while (at != NULL && (*at == '{' || *at == ',')) {
        const char *key = json_space(at + 1);
        if (*key != '"' || (end = json_end(key)) == NULL) {
            return NULL;
        }
        const char *value = json_space(json_space(end) + 1);
        const char *after = json_end(value);
        if (after != NULL && (size_t)(end - key) == length + 2 && strncmp(key + 1, name, length) == 0) {
            return json_copy(value, after);
        }
        at = after == NULL ? NULL : json_space(after);
    }
    return NULL;
}

/* A member that is text without escapes, to be freed; NULL if it is anything else. */
static inline char *json_text(const char *object, const char *name)
{
    char *value = json_member(object, name), *text = NULL;
    if (value != NULL && *value == '"' && strchr(value, '\\') == NULL) {
        text = json_copy(value + 1, value + strlen(value) - 1);
    }
    free(value);
    return text;
}

/* The element of a list at `index`, as JSON text to be freed; NULL if the list is shorter. */
static inline char *json_element(const char *list, size_t index)
{
    const char *at = json_space(list);
    while (at != NULL && (*at == '[' || *at == ',')) {
        const char *value = json_space(at + 1), *end;
        if (*value == ']' || (end = json_end(value)) == NULL) {
            return NULL;
        }
        if (index-- == 0) {
            return json_copy(value, end);
        }
        at = json_space(end);
    }
    return NULL;
}

#endif
