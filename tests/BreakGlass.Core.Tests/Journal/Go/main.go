// Verifies a journal with golang.org/x/mod/sumdb, which shares no code with ours: the checkpoint's signature, every tile and entry, and proofs.
//
//	main DIRECTORY VERIFIER-KEY SIGNING-KEY PROOFS
//	main BUNDLE-DIRECTORY VERIFIER-KEY
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proofs struct {
	Inclusion []struct {
		Index int64
		Proof []string
	}
	Consistency []struct {
		Before int64
		Root   string
		Proof  []string
	}
}

type directory string

func (d directory) Height() int { return 8 }

func (d directory) SaveTiles([]tlog.Tile, [][]byte) {}

func (d directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		// tlog-tiles has no height in its paths.
		data, err := os.ReadFile(filepath.Join(string(d), strings.Replace(t.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func hash(text string) tlog.Hash {
	bytes, err := base64.StdEncoding.DecodeString(text)
	must(err)
	var h tlog.Hash
	copy(h[:], bytes)
	return h
}

func hashes(texts []string) []tlog.Hash {
	var all []tlog.Hash
	for _, text := range texts {
		all = append(all, hash(text))
	}
	return all
}

// bundle verifies each entry of a bundle with its proof, which is in the format of C2SP tlog-proof.
func bundle(dir, key string) {
	verifier, err := note.NewVerifier(key)
	must(err)
	files, err := filepath.Glob(filepath.Join(dir, "proofs", "*.tlog-proof"))
	must(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(err)
		head, signed, found := strings.Cut(string(text), "\n\n")
		lines := strings.Split(head, "\n")
		if !found || lines[0] != "c2sp.org/tlog-proof@v1" {
			must(fmt.Errorf("%s is not a tlog-proof", file))
		}
		index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
		must(err)
		opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
		must(err)
		checkpoint := strings.Split(opened.Text, "\n")
		size, err := strconv.ParseInt(checkpoint[1], 10, 64)
		must(err)
		entry, err := os.ReadFile(filepath.Join(dir, "entries", fmt.Sprintf("%d.json", index)))
		must(err)
		must(tlog.CheckRecord(hashes(lines[2:]), size, hash(checkpoint[2]), index, tlog.RecordHash(entry)))
	}
	fmt.Printf("%d entries\n", len(files))
}

func main() {
	if len(os.Args) == 3 {
		bundle(os.Args[1], os.Args[2])
		return
	}
	dir, key, secret, proofFile := directory(os.Args[1]), os.Args[2], os.Args[3], os.Args[4]
	signed, err := os.ReadFile(filepath.Join(string(dir), "checkpoint"))
	must(err)
	verifier, err := note.NewVerifier(key)
	must(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root := hash(lines[2])

	signer, err := note.NewSigner(secret)
	must(err)
	again, err := note.Sign(&note.Note{Text: opened.Text}, signer)
	must(err)
	if string(again) != string(signed) {
		must(fmt.Errorf("Go signs the checkpoint differently:\n%s", again))
	}

	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, dir)
	var leaves []tlog.Hash
	for n := int64(0); n*256 < size; n++ {
		tile := tlog.Tile{H: 8, L: 0, N: n, W: int(size - n*256)}
		if tile.W > 256 {
			tile.W = 256
		}
		bundle, err := os.ReadFile(filepath.Join(string(dir), strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)))
		must(err)
		var indexes []int64
		for i := 0; i < tile.W; i++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, n*256+int64(i)))
		}
		stored, err := reader.ReadHashes(indexes)
		must(err)
		for i := 0; i < tile.W; i++ {
			length := int(binary.BigEndian.Uint16(bundle))
			leaf := tlog.RecordHash(bundle[2 : 2+length])
			if stored[i] != leaf {
				must(fmt.Errorf("entry %d is not the one in the tree", n*256+int64(i)))
			}
			leaves, bundle = append(leaves, leaf), bundle[2+length:]
		}
		if len(bundle) != 0 {
			must(fmt.Errorf("bundle %d has %d bytes too many", n, len(bundle)))
		}
	}

	text, err := os.ReadFile(proofFile)
	must(err)
	var given proofs
	must(json.Unmarshal(text, &given))
	for _, p := range given.Inclusion {
		must(tlog.CheckRecord(hashes(p.Proof), size, root, p.Index, leaves[p.Index]))
	}
	for _, p := range given.Consistency {
		must(tlog.CheckTree(hashes(p.Proof), size, root, p.Before, hash(p.Root)))
		before, err := tlog.TreeHash(p.Before, reader)
		must(err)
		if before != hash(p.Root) {
			must(fmt.Errorf("Go has another root for the first %d entries", p.Before))
		}
	}
	fmt.Printf("%s: %d entries, %d inclusion proofs, %d consistency proofs\n", lines[0], size, len(given.Inclusion), len(given.Consistency))
}
