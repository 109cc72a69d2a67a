// validate_spdx FILE: the SPDX project's own library reads a document in JSON, checks it, and can write it again.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx"
	"github.com/spdx/tools-golang/spdxlib"
)

func validate(path string) (*spdx.Document, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	document, err := json.Read(file)
	if err != nil {
		return nil, err
	}
	if err := spdxlib.ValidateDocument(document); err != nil {
		return nil, err
	}
	return document, json.Write(document, io.Discard)
}

func main() {
	document, err := validate(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(len(document.Packages), "packages")
}
