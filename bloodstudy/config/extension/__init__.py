"""Extensions: a user's own factors and networks, from one file to a part of every guard that built-in ones have.

    declare   what the file calls: `factor`, `network`, `data_source`, `metric`
    declared  that, with its functions, in the process that imports it
    source    its text, the digest of that, and how it is imported
    describe  a process of its own imports it once and says in plain words what it declares
    extension those plain words, with the text
    known     those words beside the built-in ones, as long as a command lasts

Only the process that trains imports an extension again; all others know it by its plain declarations.
"""
